"""Microsoft.Network of the local Azure."""
