"""User-assigned identities, which exist to be named by others, and role assignments, which nothing here enforces.

It owns both documents; it must not know who uses an identity.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from devkit.azure import crud, regions
from devkit.azure.cloud_ids import TENANT_ID
from devkit.azure.errors import invalid
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.shapes import READ_ONLY, STR, Must, Shape, tracked
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
BODY: Shape = tracked(properties={"tenantId": READ_ONLY, "principalId": READ_ONLY, "clientId": READ_ONLY})
ASSIGNMENT_BODY: Shape = {
    "properties": Must({
        "roleDefinitionId": Must(STR),
        "principalId": Must(STR),
        "principalType": STR,
        "description": STR,
    }),
}  # fmt: skip


def make(cloud: Cloud, resource_id: str, location: str, *, client: str, principal: str) -> Resource:
    """Save an identity with the given client and principal ids."""
    properties = {"tenantId": TENANT_ID, "principalId": principal, "clientId": client}
    resource = Resource(resource_id, TYPE, {"location": location, "properties": properties})
    cloud.store.save(resource)
    return resource


@table.route("PUT", crud.path_of(TYPE), body=BODY)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create an identity, or set its tags."""
    location = regions.normal(call.body["location"])
    old = cloud.store.find(call.id)
    resource = old or make(cloud, call.id, location, client=str(uuid.uuid4()), principal=str(uuid.uuid4()))
    resource.doc["tags"] = call.body.get("tags", {})
    cloud.store.save(resource)
    return Answer(200 if old else 201, resource.show())


@table.route("DELETE", crud.path_of(TYPE))
async def delete(cloud: Cloud, call: Call) -> Answer:
    """Delete an identity, at once."""
    resource = cloud.store.find(call.id)
    if resource is None:
        return Answer(204)
    await remove(cloud, resource)
    return Answer(200)


async def remove(cloud: Cloud, resource: Resource) -> None:
    """Delete an identity."""
    cloud.store.delete(resource)


@table.route("PUT", crud.path_of(ASSIGNMENT), body=ASSIGNMENT_BODY)
async def assign(cloud: Cloud, call: Call) -> Answer:
    """Create a role assignment at a group's scope; its name has to be a GUID."""
    name = call.id.rsplit("/", 1)[-1]
    try:
        uuid.UUID(name)
    except ValueError as error:
        raise invalid(f"The role assignment ID '{name}' is not valid. It must be a GUID.", "name") from error
    created = cloud.store.find(call.id) is None
    resource = Resource(call.id, ASSIGNMENT, {"properties": call.body["properties"]})
    cloud.store.save(resource)
    return Answer(201 if created else 200, resource.show())


crud.reads(table, TYPE)
crud.reads(table, ASSIGNMENT)
