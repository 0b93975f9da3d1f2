"""Microsoft.Authorization of the local Azure: permissions of the caller."""
