"""Resource groups: made, listed, and deleted with all they contain.

It owns the group's own life and the order of its end; it must not know how a content resource is deleted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from devkit.azure import ids, lro, regions
from devkit.azure.errors import ArmError, group_not_found, unsupported
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.resources import listing
from devkit.azure.routing import GROUP, SUBSCRIPTION, Answer, Call, RouteTable
from devkit.azure.shapes import MAP, READ_ONLY, STR, Must, Shape
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Resources/resourceGroups"
BODY: Shape = {
    "id": READ_ONLY, "name": READ_ONLY, "type": READ_ONLY, "location": Must(STR), "tags": MAP, "managedBy": STR,
    "properties": {"provisioningState": READ_ONLY},
}  # fmt: skip
_GENERIC = ("id", "name", "type", "location", "tags", "sku", "kind", "identity", "managedBy", "plan")
_NAME = re.compile(r"[-\w._()]{1,90}(?<!\.)")  # Resource Manager: naming rules for resource groups


def _get(cloud: Cloud, call: Call) -> Resource:
    found = cloud.store.find(call.id)
    if found is None:
        raise group_not_found(call.params["group"])
    return found


@table.route("PUT", GROUP, body=BODY)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create a group or set its tags; its region never changes."""
    name = call.params["group"]
    if not _NAME.fullmatch(name):
        raise ArmError(400, "InvalidResourceGroup", f"The provided resource group name '{name}' is invalid.")
    location = regions.normal(call.body["location"])
    old = cloud.store.find(call.id)
    if old is not None and old.doc["location"] != location:
        message = (
            f"Invalid resource group location '{location}'. "
            f"The Resource group already exists in location '{old.doc['location']}'."
        )
        raise ArmError(409, "InvalidResourceGroupLocation", message)
    properties = {"provisioningState": "Succeeded"}
    resource = Resource(old.id if old else call.id, TYPE, {**call.body, "location": location, "properties": properties})
    cloud.store.save(resource)
    return Answer(200 if old else 201, resource.show())


@table.route("PATCH", GROUP, body={"name": READ_ONLY, "tags": MAP, "managedBy": STR, "properties": READ_ONLY})
async def patch(cloud: Cloud, call: Call) -> Answer:
    """Replace the tags, if the body has any."""
    resource = _get(cloud, call)
    resource.doc.update(call.body)
    cloud.store.save(resource)
    return Answer(200, resource.show())


@table.route("GET", GROUP)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a group."""
    return Answer(200, _get(cloud, call).show())


@table.route("HEAD", GROUP)
async def exists(cloud: Cloud, call: Call) -> Answer:
    """Say by the status whether a group exists."""
    return Answer(204 if cloud.store.find(call.id) else 404)


@table.route("GET", SUBSCRIPTION + "/resourceGroups")
async def list_groups(cloud: Cloud, call: Call) -> Answer:
    """List the groups, by tag if `$filter` says so."""
    found = listing.filtered(call, cloud.store.list(kind=TYPE), types=False)
    return listing.page(call, [group.show() for group in found])


@table.route("GET", GROUP + "/resources")
async def list_content(cloud: Cloud, call: Call) -> Answer:
    """List the group's tracked resources: those that have a location; `$filter` knows resourceType and tags."""
    return _list_tracked(cloud, call, _get(cloud, call).id)


@table.route("GET", SUBSCRIPTION + "/resources")
async def list_all(cloud: Cloud, call: Call) -> Answer:
    """List the subscription's tracked resources."""
    return _list_tracked(cloud, call, call.id)


def _list_tracked(cloud: Cloud, call: Call, within: str) -> Answer:
    tracked = [found for found in cloud.store.list(within=within) if "location" in found.doc and found.type != TYPE]
    filtered = listing.filtered(call, tracked, types=True)
    if not listing.by_tag_value(call):
        return listing.page(call, [_generic(found, call.expand) for found in filtered])
    if call.expand:
        raise unsupported("$expand with a filter by a tag's value, which Resource Manager may not take")
    content = [_generic(found, "") for found in filtered]
    return listing.page(call, [{name: value for name, value in shown.items() if name != "tags"} for shown in content])


def _generic(resource: Resource, expand: str) -> dict[str, Any]:
    """Show a resource without what its own provider alone knows; `expand` is `$expand` in lower case."""
    doc = resource.show()
    shown = {key: doc[key] for key in _GENERIC if key in doc}
    for asked in filter(None, expand.split(",")):
        if asked != "provisioningstate":
            raise unsupported(f"$expand={asked} for a list of resources")
        shown["provisioningState"] = resource.properties.get("provisioningState", "Succeeded")
    return shown


@table.route("DELETE", GROUP)
async def delete(cloud: Cloud, call: Call) -> Answer:
    """Delete a group with its content, in the background: 202 and a Location."""
    group = _get(cloud, call)
    _refuse_used_from_outside(cloud, group)
    group.properties["provisioningState"] = "Deleting"
    cloud.store.save(group)
    operation = cloud.operations.begin("group.delete", group.id, result="deleted", preempts=True, failure=call.failure)
    return lro.accepted(cloud, call, operation)


def _refuse_used_from_outside(cloud: Cloud, group: Resource) -> None:
    """Refuse while a NIC of another group uses a subnet of this one, as Azure does before it deletes anything."""
    inside = group.key + "/"
    for nic in cloud.store.list(kind="Microsoft.Network/networkInterfaces"):
        for part in nic.properties.get("ipConfigurations", []):
            subnet = ids.key(part["properties"]["subnet"]["id"])
            if subnet.startswith(inside) and not nic.key.startswith(inside):
                message = f"Deletion of resource group '{group.name}' failed as '{nic.id}' still uses '{subnet}'."
                raise ArmError(409, "ResourceGroupDeletionBlocked", message)


@works.work("group.delete")
async def empty(cloud: Cloud, operation: Operation) -> None:
    """Delete the content, users before what they use, then the group itself."""
    for kind, remove in cloud.services.removers.items():
        for resource in cloud.store.list(kind=kind, within=operation.target):
            await remove(cloud, resource)
    for resource in cloud.store.list(within=operation.target):  # documents with nothing behind them
        cloud.store.delete(resource)
    group = cloud.store.find(operation.target)
    if group is not None:
        cloud.store.delete(group)
