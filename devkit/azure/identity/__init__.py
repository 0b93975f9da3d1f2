"""Microsoft.ManagedIdentity and Microsoft.Authorization of the local Azure."""
