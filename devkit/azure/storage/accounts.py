"""Storage accounts: names that are unique everywhere, with a real blob service behind each.

It owns the account document and gives out keys; it must not know which blob server stands behind the port.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, ids, lro
from devkit.azure.errors import ArmError
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable
from devkit.azure.storage.shapes import ACCOUNT, ACCOUNT_UPDATE, CONTAINER, NAME

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Storage/storageAccounts"
PATH = crud.path_of(TYPE)
DISKS_ACCOUNT = "localazuredisks"
"""The account of the local Azure itself, where disks under access are readable."""
_NAME = re.compile(r"[a-z0-9]{3,24}")


def _reason_against(cloud: Cloud, name: str, own_key: str | None) -> tuple[str, str] | None:
    if not _NAME.fullmatch(name):
        return "AccountNameInvalid", (
            f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
            "length and use numbers and lower-case letters only."
        )
    others = [found for found in cloud.store.list(kind=TYPE) if found.name == name and found.key != own_key]
    if others or name == DISKS_ACCOUNT:
        return "AlreadyExists", f"The storage account named {name} is already taken."
    return None


def _refuse_name(cloud: Cloud, name: str, own_key: str) -> None:
    reason = _reason_against(cloud, name, own_key)
    if reason is not None:
        taken = reason[0] == "AlreadyExists"
        raise ArmError(409 if taken else 400, "StorageAccountAlreadyTaken" if taken else reason[0], reason[1])


@table.route("PUT", PATH, body=ACCOUNT)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create an account (202, no body, Location) or update it (200, at once)."""
    name = call.id.rsplit("/", 1)[-1]
    _refuse_name(cloud, name, ids.key(call.id))
    old = cloud.store.find(call.id)
    created = old.properties["creationTime"] if old else clock.iso(clock.now())
    doc: dict[str, Any] = call.body
    doc["sku"]["tier"] = doc["sku"]["name"].split("_")[0]
    given = {**(old.properties if old else {}), **doc.get("properties", {})}
    doc["properties"] = {
        "supportsHttpsTrafficOnly": True,
        "accessTier": "Hot",
        **given,
        "creationTime": created,
        "primaryEndpoints": {"blob": cloud.storage.endpoint(name) + "/"},
        "primaryLocation": doc["location"],
        "statusOfPrimary": "available",
    }
    settled = old is not None and old.properties["provisioningState"] == "Succeeded"
    resource, _ = crud.stage(cloud, call, TYPE, doc)
    if settled:
        resource.properties["provisioningState"] = "Succeeded"
        cloud.store.save(resource)
        return Answer(200, _shown(cloud, resource))
    operation = cloud.operations.begin("storage.put", resource.id, failure=call.failure)
    return Answer(202, None, lro.location_only(cloud, call, operation))


def _shown(cloud: Cloud, resource: Resource) -> dict[str, Any]:
    """Show an account with its endpoint of today: the blob server may have another port than when it was made."""
    shown = resource.show()
    shown["properties"]["primaryEndpoints"] = {"blob": cloud.storage.endpoint(resource.name) + "/"}
    return shown


@works.work("storage.put")
async def create(cloud: Cloud, operation: Operation) -> None:
    """Make the account at the blob server."""
    cloud.storage.create(operation.target.rsplit("/", 1)[-1])


@table.route("PATCH", PATH, body=ACCOUNT_UPDATE)
async def update(cloud: Cloud, call: Call) -> Answer:
    """Change tags or properties, at once."""
    resource = cloud.store.get(call.id)
    resource.properties.update(call.body.pop("properties", {}))
    resource.doc.update(call.body)
    cloud.store.save(resource)
    return Answer(200, _shown(cloud, resource))


@table.route("DELETE", PATH)
async def delete(cloud: Cloud, call: Call) -> Answer:
    """Delete an account with its data, at once."""
    resource = cloud.store.find(call.id)
    if resource is None:
        return Answer(204)
    await remove(cloud, resource)
    return Answer(200)


async def remove(cloud: Cloud, resource: Resource) -> None:
    """Delete an account's data and the account."""
    await cloud.blobs.delete_containers(resource.name)
    cloud.storage.delete(resource.name)
    cloud.store.delete(resource)


@table.route("POST", PATH + "/listKeys")
async def list_keys(cloud: Cloud, call: Call) -> Answer:
    """Show the account's key, under both of its names."""
    resource = cloud.store.get(call.id)
    key = cloud.storage.create(resource.name)
    created = resource.properties["creationTime"]
    return Answer(200, {
        "keys": [
            {"keyName": name, "value": key, "permissions": "Full", "creationTime": created} for name in ("key1", "key2")
        ],
    })  # fmt: skip


@table.route("POST", SUBSCRIPTION + "/providers/Microsoft.Storage/checkNameAvailability", body=NAME)
async def check_name(cloud: Cloud, call: Call) -> Answer:
    """Say whether a name can still be had."""
    reason = _reason_against(cloud, call.body["name"], None)
    if reason is None:
        return Answer(200, {"nameAvailable": True})
    return Answer(200, {"nameAvailable": False, "reason": reason[0], "message": reason[1]})


@table.route("PUT", PATH + "/blobServices/default/containers/{container}", body=CONTAINER)
async def put_container(cloud: Cloud, call: Call) -> Answer:
    """Make a blob container."""
    name, container = call.params["storageAccounts"], call.params["container"]
    await cloud.blobs.ensure_container(name, container)
    kind = TYPE + "/blobServices/containers"
    shown = {"id": call.id, "name": container, "type": kind, "properties": {"publicAccess": "None"}}
    return Answer(201, shown)


crud.reads(table, TYPE, _shown)
