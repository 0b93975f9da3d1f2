"""Credentials with which the app signs in to Azure: for its own identity, and for identities that templates name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kiln.config.reading import config

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential


@functools.cache
def credential() -> ManagedIdentityCredential:
    """Return the credential of the app's managed identity. It gets a token only when one is needed."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=config().client_id)


@functools.cache
def identity_credential(identity: str) -> ManagedIdentityCredential:
    """Return the credential of a template's identity (its ARM id), which must be assigned to the app."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(identity_config={"resource_id": identity})
