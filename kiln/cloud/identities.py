"""The check of user-assigned identities that a template names: they must exist, and not be Kiln's own."""

from __future__ import annotations

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused
from kiln.config import config
from kiln.errors import AzureNotFound
from kiln.ids import part_of

API_VERSION = "2023-01-31"
"""The API version of Microsoft.ManagedIdentity."""


def check(identity: str, target: str) -> None:
    """Raise a `BuildError` when the identity (an ARM id) does not exist, or is Kiln's own.

    `target` is the property that names it. With Kiln's own identity a template could read any blob of Kiln's as an
    artifact, and its scripts could do in Azure whatever Kiln can.
    """
    client = clients.resources(part_of(identity, "subscriptions"))
    try:
        with azure(f"look up the identity {identity}"):
            found = client.resources.get_by_id(identity.lstrip("/"), api_version=API_VERSION)
    except AzureNotFound:
        raise refused(
            f"The user-assigned identity {identity} does not exist.",
            target=target,
            hint="Create it first (az identity create), or correct its id.",
        ) from None
    own = config().client_id
    if own and str((found.properties or {}).get("clientId", "")).lower() == own.lower():
        raise refused(
            f"The user-assigned identity {identity} is Kiln's own, which no template may use.",
            target=target,
            hint="Name an identity that has no more rights than the template needs.",
        )
