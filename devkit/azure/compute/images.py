"""Managed images: made of a generalized machine, a disk or a snapshot.

It owns the image's document; it must not know how a disk is frozen (see captures).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import crud
from devkit.azure.compute import captures
from devkit.azure.compute.shapes import IMAGE
from devkit.azure.errors import ArmError, invalid
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/images"


def _source(cloud: Cloud, properties: dict[str, Any]) -> Resource:
    if "sourceVirtualMachine" in properties:
        target = "properties.sourceVirtualMachine.id"
        return captures.require(
            cloud, properties["sourceVirtualMachine"]["id"], ("Microsoft.Compute/virtualMachines",), target
        )
    disk = properties.get("storageProfile", {}).get("osDisk", {})
    for part, kind in (("managedDisk", "Microsoft.Compute/disks"), ("snapshot", "Microsoft.Compute/snapshots")):
        if part in disk:
            return captures.require(cloud, disk[part]["id"], (kind,), f"properties.storageProfile.osDisk.{part}.id")
    raise invalid("An image needs sourceVirtualMachine, or an osDisk with managedDisk or snapshot.", "properties")


@table.route("PUT", crud.path_of(TYPE), body=IMAGE)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Make an image, or set an existing one's tags; its source never changes."""
    properties = call.body["properties"]
    old = cloud.store.find(call.id)
    if old is None:
        source = _source(cloud, properties)
        await captures.check_source(cloud, source, generalized=True)
    else:
        before = old.properties.get("sourceVirtualMachine")
        if "sourceVirtualMachine" in properties and properties["sourceVirtualMachine"] != before:
            message = "Changing property 'sourceVirtualMachine.id' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target="sourceVirtualMachine.id")
        call.body["properties"] = dict(old.properties)
    return crud.put(cloud, call, TYPE, call.body, work="image.put")


@works.work("image.put")
async def make(cloud: Cloud, operation: Operation) -> None:
    """Freeze the source's disk as the image's own."""
    image = cloud.store.get(operation.target)
    source = _source(cloud, image.properties)
    image.private = await captures.capture(cloud, source, image)
    given = image.properties.get("storageProfile", {}).get("osDisk", {})
    generalized = image.private["generalized"] or given.get("osState") == "Generalized"
    image.private["generalized"] = generalized
    image.properties["hyperVGeneration"] = image.private["generation"]
    image.properties["storageProfile"] = {
        "osDisk": {
            "osState": "Generalized" if generalized else "Specialized",
            "caching": "ReadWrite",
            "storageAccountType": "Standard_LRS",
            **given,
            "osType": image.private["os_type"],
            "diskSizeGB": image.private["size_gb"],
        },
        "dataDisks": [],
        "zoneResilient": image.properties.get("storageProfile", {}).get("zoneResilient", False),
    }
    cloud.store.save(image)


async def remove(cloud: Cloud, image: Resource) -> None:
    """Delete an image and its file."""
    captures.discard(image)
    cloud.store.delete(image)


crud.reads(table, TYPE)
crud.deletes(table, works, TYPE, work="image.delete", remove=remove)
