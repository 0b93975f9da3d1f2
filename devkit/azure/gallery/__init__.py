"""Microsoft.Compute's galleries of the local Azure."""
