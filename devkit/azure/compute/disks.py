"""Managed disks: those of each machine as resources, and disks on their own.

It owns a disk's document, its state and its end; it must not know where its data comes from (see disk_sources) or
how it is made readable (see disk_access).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, regions
from devkit.azure.compute import disk_sources
from devkit.azure.compute.shapes import DISK
from devkit.azure.errors import conflict, unsupported
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.azure.cloud import Cloud
    from devkit.azure.compute.image_source import ImageFacts

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/disks"
PATH = crud.path_of(TYPE)
_GIB = 1024**3


@table.route("PUT", PATH, body=DISK)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create a disk, empty or as a copy, or set the tags and access policy of any."""
    properties = call.body["properties"]
    old = cloud.store.find(call.id)
    if old is None:
        location = regions.normal(call.body["location"])
        properties.update(await disk_sources.describe_new(cloud, properties, location))
        properties.update(_facts(properties["diskSizeGB"]))
    else:
        if properties.get("diskSizeGB", old.properties["diskSizeGB"]) != old.properties["diskSizeGB"]:
            raise unsupported("changing the size of a disk")
        call.body["properties"] = {**old.properties, **properties, "creationData": old.properties["creationData"]}
        if "managedBy" in old.doc:
            call.body["managedBy"] = old.doc["managedBy"]
    call.body.setdefault("sku", {"name": "Standard_LRS"})
    disk, created = crud.stage(cloud, call, TYPE, call.body)
    operation = cloud.operations.begin("disk.put", disk.id, failure=call.failure)
    answer = crud.put_answer(cloud, call, disk, operation, status=202 if created else 200)
    return Answer(answer.status, show(cloud, disk), answer.headers)


@works.work("disk.put")
async def fill(cloud: Cloud, operation: Operation) -> None:
    """Copy the data of the disk's source, unless that was done."""
    await disk_sources.fill(cloud, cloud.store.get(operation.target))


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
    """Make the resources of a machine's disks, unless they are there."""
    storage = vm.properties["storageProfile"]
    reference = _image_reference(vm, storage["imageReference"], facts)
    kept = vm.private
    os_facts = disk_sources.shown(facts.os_type, facts.generation, facts.architecture, kept["security"], facts.plan)
    _make(cloud, vm, storage["osDisk"], {"createOption": "FromImage", **reference(None)}, os_facts, {})
    for disk in storage["dataDisks"]:
        source = reference(disk["lun"]) if disk["createOption"] == "FromImage" else {}
        creation = {"createOption": disk["createOption"], **source}
        _make(cloud, vm, disk, creation, {}, {"lun": disk["lun"]})


def _image_reference(
    vm: Resource, reference: dict[str, Any], facts: ImageFacts
) -> Callable[[int | None], dict[str, Any]]:
    """Return a function of a disk's LUN (None: the OS disk) to the reference with which the disk names its image."""
    name, image = "imageReference", reference.get("id")
    if image is None:
        publisher, offer, sku = (reference[part] for part in ("publisher", "offer", "sku"))
        subscription = "/".join(vm.id.split("/")[:3])
        image = (
            f"{subscription}/providers/Microsoft.Compute/locations/{vm.doc['location']}/publishers/{publisher}"
            f"/artifactTypes/VMImage/offers/{offer}/skus/{sku}/versions/{facts.exact}"
        )
    elif facts.exact is not None:
        name, image = "galleryImageReference", f"{image.split('/versions/')[0]}/versions/{facts.exact}"
    return lambda lun: {name: {"id": image, **({} if lun is None else {"lun": lun})}}


def _make(
    cloud: Cloud,
    vm: Resource,
    disk: dict[str, Any],
    creation: dict[str, Any],
    facts: dict[str, Any],
    private: dict[str, Any],
) -> None:
    resource_id = disk["managedDisk"]["id"]
    if cloud.store.find(resource_id) is not None:
        return
    doc = {
        "location": vm.doc["location"],
        "tags": vm.doc.get("tags", {}),
        "managedBy": vm.id,
        "sku": {"name": disk["managedDisk"]["storageAccountType"]},
        "properties": {
            **_facts(disk["diskSizeGB"]),
            **facts,
            "creationData": creation,
            "diskSizeGB": disk["diskSizeGB"],
            "provisioningState": "Succeeded",
        },
    }
    cloud.store.save(Resource(resource_id, TYPE, doc, {"guest": vm.private["guest"], **private}))


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
    """Delete a disk, and with a machine's last one its data. Raises ArmError (409) while an access is granted."""
    refuse_under_access(disk, "deleting")
    if "access" in disk.private:
        await cloud.blobs.delete(disk.private["access"]["account"], disk.private["access"]["blob"])
    machine = disk.private.get("guest")
    others = [other for other in cloud.store.list(kind=TYPE) if other.key != disk.key]
    if all(other.private.get("guest") != machine for other in others):
        await cloud.machines.destroy(disk)
    cloud.store.delete(disk)


crud.deletes(table, works, TYPE, work="disk.delete", remove=remove, refuse=_refuse)
