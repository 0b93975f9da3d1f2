"""Identities of a virtual machine: user-assigned ones, which have to exist.

It owns that section's rules and its answer; it must not know what an identity may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.errors import ArmError, invalid, unsupported

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

_KIND = "microsoft.managedidentity/userassignedidentities"


def complete(cloud: Cloud, vm_id: str, identity: dict[str, Any]) -> dict[str, Any]:
    """Return the section as Azure keeps and shows it, with each identity's principal and client. Raises ArmError."""
    given = identity.get("userAssignedIdentities", {})
    if "SystemAssigned" in identity["type"]:
        raise unsupported(f"identity.type {identity['type']} for virtual machines")
    if (identity["type"] == "UserAssigned") != bool(given):
        message = "identity.type UserAssigned and identity.userAssignedIdentities go together."
        raise ArmError(400, "InvalidIdentityValues", message, target="identity")
    if not given:
        return {"type": "None"}
    return {"type": "UserAssigned", "userAssignedIdentities": dict(_assigned(cloud, vm_id, key) for key in given)}


def _assigned(cloud: Cloud, vm_id: str, identity_id: str) -> tuple[str, dict[str, str]]:
    if ids.parse(identity_id, "identity.userAssignedIdentities").type.lower() != _KIND:
        raise invalid(f"'{identity_id}' is no user-assigned identity.", "identity.userAssignedIdentities")
    found = cloud.store.find(identity_id)
    if found is None:
        message = (
            f"Identity operation for resource '{vm_id}' failed with error 'Failed to perform resource identity "
            f"operation. Status: 'BadRequest'. Resource '{identity_id}' was not found.'."
        )
        raise ArmError(400, "FailedIdentityOperation", message, target="identity")
    return found.id, {name: found.properties[name] for name in ("principalId", "clientId")}
