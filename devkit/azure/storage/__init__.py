"""Microsoft.Storage of the local Azure."""
