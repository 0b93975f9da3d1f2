"""Entra ID as far as the local Azure has it: signed tokens, where to get them, and how to check them."""
