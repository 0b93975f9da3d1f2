"""Managed disks: the OS disk of each machine as a resource, and empty ones.

It owns a disk's document, its state and its end; it must not know how its data is made readable (see disk_access).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud
from devkit.azure.compute.shapes import DISK
from devkit.azure.errors import conflict, unsupported
from devkit.azure.operations import WorkTable
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.compute.image_source import ImageFacts

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/disks"
PATH = crud.path_of(TYPE)
_GIB = 1024**3


@table.route("PUT", PATH, body=DISK)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create an empty disk, or set the tags and access policy of any; other sources are not supported."""
    properties = call.body["properties"]
    old = cloud.store.find(call.id)
    if old is None:
        if properties["creationData"]["createOption"] != "Empty":
            raise unsupported(f"creationData.createOption {properties['creationData']['createOption']} for disks")
        properties.setdefault("diskSizeGB", 32)
        properties.update(_facts(properties["diskSizeGB"]))
    else:
        call.body["properties"] = {**old.properties, **properties, "creationData": old.properties["creationData"]}
        if "managedBy" in old.doc:
            call.body["managedBy"] = old.doc["managedBy"]
    call.body.setdefault("sku", {"name": "Standard_LRS"})
    disk, created = crud.stage(cloud, call, TYPE, call.body)
    operation = cloud.operations.begin("disk.put", disk.id, failure=call.failure)
    answer = crud.put_answer(cloud, call, disk, operation, status=202 if created else 200)
    return Answer(answer.status, show(cloud, disk), answer.headers)


def _facts(size_gb: int) -> dict[str, Any]:
    return {
        "timeCreated": clock.iso(clock.now()),
        "uniqueId": str(uuid.uuid4()),
        "diskSizeBytes": size_gb * _GIB,
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
    }


def make_for(cloud: Cloud, vm: Resource, facts: ImageFacts) -> None:
    """Make the OS disk's resource of a machine, unless it is there."""
    os_disk = vm.properties["storageProfile"]["osDisk"]
    resource_id = os_disk["managedDisk"]["id"]
    if cloud.store.find(resource_id) is not None:
        return
    reference = vm.properties["storageProfile"]["imageReference"].get("id")
    properties = {
        **_facts(os_disk["diskSizeGB"]),
        "osType": facts.os_type,
        "hyperVGeneration": facts.generation,
        "creationData": {"createOption": "FromImage", **({"imageReference": {"id": reference}} if reference else {})},
        "diskSizeGB": os_disk["diskSizeGB"],
        "provisioningState": "Succeeded",
    }
    doc = {
        "location": vm.doc["location"],
        "tags": vm.doc.get("tags", {}),
        "managedBy": vm.id,
        "sku": {"name": os_disk["managedDisk"]["storageAccountType"]},
        "properties": properties,
    }
    cloud.store.save(Resource(resource_id, TYPE, doc, {"guest": vm.private["guest"]}))


def of(cloud: Cloud, vm: Resource) -> Resource:
    """Return a machine's OS disk."""
    return cloud.store.get(vm.properties["storageProfile"]["osDisk"]["managedDisk"]["id"])


def under_access(disk: Resource) -> bool:
    """Whether a granted access has neither ended nor expired."""
    access = disk.private.get("access")
    return access is not None and access["expiry"] > clock.now()


def refuse_under_access(disk: Resource, doing: str) -> None:
    """Refuse while a SAS gives access to the disk's data."""
    if under_access(disk):
        raise conflict(
            f"There is an active shared access signature outstanding for disk {disk.name}. "
            f"Call EndGetAccess before {doing} this disk.",
            disk.id,
        )


def holder(cloud: Cloud, disk: Resource) -> Resource | None:
    """Return the machine that a disk is attached to."""
    return cloud.store.find(disk.doc["managedBy"]) if "managedBy" in disk.doc else None


def state_of(cloud: Cloud, disk: Resource) -> str:
    """Return the disk's state as Azure names it (learn.microsoft.com, "Disk states")."""
    if under_access(disk):
        return "ActiveSAS"
    vm = holder(cloud, disk)
    if vm is None:
        return "Unattached"
    return "Reserved" if vm.private.get("power") == "deallocated" else "Attached"


def show(cloud: Cloud, disk: Resource) -> dict[str, Any]:
    """Show a disk with its state of now."""
    shown = disk.show()
    shown["properties"]["diskState"] = state_of(cloud, disk)
    return shown


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a disk."""
    return Answer(200, show(cloud, cloud.store.get(call.id)))


@table.route("GET", TYPE)
@table.route("GET", f"{SUBSCRIPTION}/providers/{TYPE}")
async def list_disks(cloud: Cloud, call: Call) -> Answer:
    """List the disks of a group or of the subscription."""
    return Answer(200, {"value": [show(cloud, disk) for disk in cloud.store.list(kind=TYPE, within=call.id)]})


def _refuse(cloud: Cloud, disk: Resource) -> None:
    refuse_under_access(disk, "deleting")
    vm = holder(cloud, disk)
    if vm is not None:
        raise conflict(f"Disk {disk.name} is attached to VM {vm.id}.", disk.id)


async def let_go(cloud: Cloud, disk: Resource, *, delete: bool) -> None:
    """Detach a disk from its machine, which is being deleted; delete it too if asked."""
    if delete:
        await remove(cloud, disk)
        return
    disk.doc.pop("managedBy", None)
    cloud.store.save(disk)


async def remove(cloud: Cloud, disk: Resource) -> None:
    """Delete a disk with its data. Raises ArmError (409) while an access is granted."""
    refuse_under_access(disk, "deleting")
    if "access" in disk.private:
        await cloud.blobs.delete(disk.private["access"]["account"], disk.private["access"]["blob"])
    await cloud.machines.destroy(disk)
    cloud.store.delete(disk)


works.work("disk.put")(crud.settle)
crud.deletes(table, works, TYPE, work="disk.delete", remove=remove, refuse=_refuse)
