"""User-assigned identities that a template names: whether they are there."""

from __future__ import annotations

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.refusal import refused
from kiln.errors import AzureNotFound
from kiln.ids import part_of

API_VERSION = "2023-01-31"
"""Of Microsoft.ManagedIdentity."""


def check(identity: str, target: str) -> None:
    """Raise a `BuildError` when the identity (an ARM id) does not exist; `target` is the property that names it."""
    client = clients.resources(part_of(identity, "subscriptions"))
    try:
        with azure(f"look up the identity {identity}"):
            client.resources.get_by_id(identity.lstrip("/"), api_version=API_VERSION)
    except AzureNotFound:
        raise refused(
            f"The user-assigned identity {identity} does not exist.",
            target=target,
            hint="Create it first (az identity create), or correct its id.",
        ) from None
