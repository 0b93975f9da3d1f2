"""References between Network's resources: a resource that another one names has to exist, in the same region.

It owns that rule; it must not know what the resources do with each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure import ids, regions
from devkit.azure.errors import ArmError

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"


def require(cloud: Cloud, resource_id: str, kind: str, *, user: str, location: str) -> Resource:
    """Return the resource that `user`, which is in `location`, refers to; in whatever resource group.

    Raises ArmError (400, InvalidResourceReference), worded as Network does for both of its causes.
    """
    ids.parse(resource_id, kind)
    found = cloud.store.find(resource_id)
    if found is None or found.type.lower() != kind.lower() or _region(cloud, found) != regions.normal(location):
        message = (
            f"Resource {resource_id} referenced by resource {user} was not found. Please make sure that the referenced "
            "resource exists, and that both resources are in the same region."
        )
        raise ArmError(400, "InvalidResourceReference", message)
    return found


def _region(cloud: Cloud, resource: Resource) -> str:
    """Return where a resource is; a nested one is where its parent is."""
    while "location" not in resource.doc:
        resource = cloud.store.get(ids.parent(resource.id))
    return str(resource.doc["location"])
