"""Kiln's Blob Storage on a developer's machine: Microsoft's Azurite, with TLS, tokens, dynamic accounts.

It must not know what is stored in it, nor who asks for accounts.
"""

from devkit.azurite.accounts import AzuriteAccounts
from devkit.azurite.certificates import Certificates, ensure_certificates
from devkit.azurite.process import Azurite, AzuriteUnavailable

__all__ = ["Azurite", "AzuriteAccounts", "AzuriteUnavailable", "Certificates", "ensure_certificates"]
