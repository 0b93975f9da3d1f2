"""Managed images: made of a generalized machine, a disk or a snapshot.

It owns the image's document; it must not know how a disk is frozen (see captures).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids, regions
from devkit.azure.compute import captures
from devkit.azure.compute.shapes import IMAGE
from devkit.azure.compute.source_facts import describe
from devkit.azure.errors import ArmError, conflict, invalid
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/images"
_DEFAULTS = {"caching": "None", "storageAccountType": "Standard_LRS"}
_MACHINE = "Microsoft.Compute/virtualMachines"
_DISKS = {"managedDisk": "Microsoft.Compute/disks", "snapshot": "Microsoft.Compute/snapshots"}
_FIXED = ("sourceVirtualMachine", "hyperVGeneration")


def _sources(cloud: Cloud, properties: dict[str, Any]) -> tuple[Resource, dict[int, Resource]]:
    """Return the image's source, a machine, disk or snapshot, and by LUN the disks or snapshots for its data disks."""
    storage = properties.get("storageProfile", {})
    parts = [storage["osDisk"]] if "osDisk" in storage else []
    if "sourceVirtualMachine" in properties:
        machine = properties["sourceVirtualMachine"]["id"]
        if any(name in part for part in [*parts, *storage.get("dataDisks", [])] for name in _DISKS):
            raise invalid("An image is made of sourceVirtualMachine or of disks, not of both.", "properties")
        return captures.require(cloud, machine, (_MACHINE,), "properties.sourceVirtualMachine.id"), {}
    if not parts:
        raise invalid("An image needs sourceVirtualMachine, or an osDisk with managedDisk or snapshot.", "properties")
    data: dict[int, Resource] = {}
    for index, disk in enumerate(storage.get("dataDisks", [])):
        if disk["lun"] in data:
            raise invalid(f"A disk at LUN {disk['lun']} already exists.", f"storageProfile.dataDisks[{index}].lun")
        data[disk["lun"]] = _disk(cloud, disk, f"properties.storageProfile.dataDisks[{index}]")
    return _disk(cloud, parts[0], "properties.storageProfile.osDisk"), data


def _disk(cloud: Cloud, disk: dict[str, Any], path: str) -> Resource:
    given = [name for name in _DISKS if name in disk]
    if len(given) != 1:
        raise invalid(f"{path} needs exactly one of managedDisk and snapshot.", path)
    (name,) = given
    return captures.require(cloud, disk[name]["id"], (_DISKS[name],), f"{path}.{name}.id")


@table.route("PUT", crud.path_of(TYPE), body=IMAGE)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Make an image, or set an existing one's tags; its source never changes."""
    properties = call.body["properties"]
    old = cloud.store.find(call.id)
    if old is None:
        source, data = _sources(cloud, properties)
        for part in (source, *data.values()):
            captures.refuse_other_region(part, regions.normal(call.body["location"]))
            await captures.check_source(cloud, part)
        _check_fit(cloud, properties, source)
    else:
        for name in _FIXED:
            if name in properties and properties[name] != old.properties.get(name):
                message = f"Changing property '{name}' is not allowed."
                raise ArmError(409, "PropertyChangeNotAllowed", message, target=name)
        _refuse_other_disks(old.properties, properties)
        call.body["properties"] = dict(old.properties)
    return crud.put(cloud, call, TYPE, call.body, work="image.put")


def _refuse_other_disks(kept: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse another disk or snapshot for the OS disk: of an image nothing but tags changes (azure-cli issue 5172)."""
    disk = given.get("storageProfile", {}).get("osDisk", {})
    known = kept.get("storageProfile", {}).get("osDisk", {})
    for name in _DISKS:
        if name in disk and ids.key(disk[name]["id"]) != ids.key(known.get(name, {}).get("id", "")):
            path = f"storageProfile.osDisk.{name}.id"
            raise ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.", target=path)


def _check_fit(cloud: Cloud, properties: dict[str, Any], source: Resource) -> None:
    """Refuse a source that no managed image can be made of, or that is not what the image says it is.

    learn.microsoft.com, "Trusted Launch for Azure virtual machines": managed images are among its unsupported
    features; "Create a legacy managed image": x64 alone, others through a gallery.
    """
    facts = describe(cloud, source)
    if facts.generalized is False:
        raise conflict(f"The operation 'capture' requires the Virtual Machine '{source.name}' to be Generalized.")
    if facts.security == "TrustedLaunch":
        raise conflict(
            "The image cannot be created because Managed Images do not support Trusted Launch enabled virtual "
            "machines. Please use Azure Compute Gallery."
        )
    if facts.architecture != "x64":
        raise conflict(
            f"The image cannot be created because Managed Images do not support the CPU Architecture "
            f"'{facts.architecture}'. Please use Azure Compute Gallery."
        )
    if facts.os_type is None:
        raise invalid(f"'{source.id}' is a data disk, not an OS disk.", "properties.storageProfile.osDisk")
    wanted_type = properties.get("storageProfile", {}).get("osDisk", {}).get("osType", facts.os_type)
    for name, wanted, given in (
        ("hyperVGeneration", properties.get("hyperVGeneration", facts.generation), facts.generation),
        ("storageProfile.osDisk.osType", wanted_type, facts.os_type),
    ):
        if wanted != given:
            raise invalid(f"The source's {name} is '{given}', not '{wanted}'.", f"properties.{name}")


@works.work("image.put")
async def make(cloud: Cloud, operation: Operation) -> None:
    """Freeze the source's disks as the image's own."""
    image = cloud.store.get(operation.target)
    if "file" in image.private:
        return
    source, data = _sources(cloud, image.properties)
    kept = await captures.capture(cloud, source, image, data)
    given = image.properties.get("storageProfile", {})
    state = given.get("osDisk", {}).get("osState", "Generalized")
    image.private = {**kept, "generalized": state == "Generalized"}
    image.properties["hyperVGeneration"] = kept["generation"]
    described = {disk["lun"]: disk for disk in given.get("dataDisks", [])}
    image.properties["storageProfile"] = {
        "osDisk": {
            **_DEFAULTS,
            "caching": "ReadWrite",
            **given.get("osDisk", {}),
            "osState": state,
            "osType": kept["os_type"],
            "diskSizeGB": kept["size_gb"],
        },
        "dataDisks": [
            {**_DEFAULTS, **described.get(part["lun"], {}), "lun": part["lun"], "diskSizeGB": part["size_gb"]}
            for part in kept["data"]
        ],
        "zoneResilient": given.get("zoneResilient", False),
    }
    cloud.store.save(image)


async def remove(cloud: Cloud, image: Resource) -> None:
    """Delete an image and its file."""
    captures.discard(image)
    cloud.store.delete(image)


crud.reads(table, TYPE)
crud.deletes(table, works, TYPE, work="image.delete", remove=remove)
