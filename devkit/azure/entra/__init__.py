"""Entra ID of the local Azure: signed tokens, the endpoints that give them out, and the keys to check them with."""
