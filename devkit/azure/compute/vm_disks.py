"""Disks of a virtual machine: the completion of a new machine's storage profile, and the disk resources in it.

It owns the profile's rules and defaults; it must not know the disk resources' own rules or how machines are made.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.errors import ArmError, conflict, invalid, unsupported
from devkit.guests.port import DataDisk

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.compute.image_source import DataDiskFacts, ImageFacts
    from devkit.azure.store import Resource

_DISK = "Microsoft.Compute/disks"
_HIGHEST_LUN = 63


def complete(cloud: Cloud, vm_id: str, storage: dict[str, Any], facts: ImageFacts) -> None:
    """Fill in what Azure decides about the disks of a new machine. Raises ArmError for what does not fit the image."""
    name = vm_id.rsplit("/", 1)[-1]
    disk = storage["osDisk"]
    disk.setdefault("osType", facts.os_type)
    disk.setdefault("name", f"{name}_OsDisk_1_{uuid.uuid4().hex}")
    disk.setdefault("caching", "ReadWrite")
    disk.setdefault("diskSizeGB", facts.size_gb)
    _check_os_disk(disk, facts)
    storage["dataDisks"] = _data_disks(storage.get("dataDisks", []), name, facts)
    for part in (disk, *storage["dataDisks"]):
        part.setdefault("deleteOption", "Detach")
        managed = part.setdefault("managedDisk", {})
        managed.setdefault("storageAccountType", "Premium_LRS")
        managed["id"] = f"{ids.group_id(vm_id)}/providers/{_DISK}/{part['name']}"
        _refuse_taken(cloud, part, vm_id)


def _check_os_disk(disk: dict[str, Any], facts: ImageFacts) -> None:
    if disk["diskSizeGB"] < facts.size_gb:
        message = (
            f"The specified disk size {disk['diskSizeGB']} GB is smaller than the size of the corresponding disk in "
            f"the VM image: {facts.size_gb} GB. This is not allowed."
        )
        raise ArmError(400, "ResizeDiskError", message, target="osDisk.diskSizeGB")
    if disk["osType"] != facts.os_type:
        raise invalid(f"The image is of {facts.os_type}, not {disk['osType']}.", "osDisk.osType")


def _data_disks(given: list[dict[str, Any]], name: str, facts: ImageFacts) -> list[dict[str, Any]]:
    """Complete the data disks that were asked for, and add those of the image that were not."""
    in_image = {disk.lun: disk for disk in facts.data}
    wanted: dict[int, dict[str, Any]] = {}
    for disk in given:
        lun = disk["lun"]
        if not 0 <= lun <= _HIGHEST_LUN:
            raise invalid(f"The value '{lun}' of 'lun' is not between 0 and {_HIGHEST_LUN}.", "dataDisks.lun")
        if lun in wanted:
            raise invalid(f"A disk at LUN {lun} already exists.", "dataDisks.lun")
        wanted[lun] = disk
        _check_data_disk(disk, in_image.get(lun))
    for lun in in_image.keys() - wanted.keys():
        wanted[lun] = {"lun": lun, "createOption": "FromImage"}
    for lun, disk in wanted.items():
        disk.setdefault("name", f"{name}_DataDisk_{lun}_{uuid.uuid4().hex}")
        disk.setdefault("caching", "None")
        disk.setdefault("toBeDetached", False)
        if lun in in_image:
            disk.setdefault("diskSizeGB", in_image[lun].size_gb)
    return [wanted[lun] for lun in sorted(wanted)]


def _check_data_disk(disk: dict[str, Any], facts: DataDiskFacts | None) -> None:
    option = disk["createOption"]
    if option not in {"Empty", "FromImage"}:
        raise unsupported(f"createOption {option} for data disks")
    if (option == "FromImage") != (facts is not None):
        message = "StorageProfile.dataDisks.lun does not have required value(s) for image specified in storage profile."
        raise invalid(message, "dataDisks.lun")
    if facts is None and "diskSizeGB" not in disk:
        raise invalid("Required parameter 'diskSizeGB' is missing (null).", "dataDisks.diskSizeGB")
    if facts is not None and disk.get("diskSizeGB", facts.size_gb) < facts.size_gb:
        raise conflict(
            f"Disk with size {disk['diskSizeGB']}GB, which is smaller than the size {facts.size_gb}GB of corresponding "
            "disk in Image, is not allowed."
        )


def _refuse_taken(cloud: Cloud, disk: dict[str, Any], vm_id: str) -> None:
    existing = cloud.store.find(disk["managedDisk"]["id"])
    if existing is not None and ids.key(existing.doc.get("managedBy", "")) != ids.key(vm_id):
        raise conflict(f"Disk {disk['name']} already exists in resource group. Only CreateOption.Attach is supported.")


def for_guest(storage: dict[str, Any], facts: ImageFacts) -> tuple[DataDisk, ...]:
    """Return the data disks that the guest gets."""
    sources = {disk.lun: disk.source for disk in facts.data}
    return tuple(DataDisk(d["lun"], d["diskSizeGB"], sources.get(d["lun"])) for d in storage["dataDisks"])


def os_disk(cloud: Cloud, vm: Resource) -> Resource:
    """Return a machine's OS disk."""
    return cloud.store.get(vm.properties["storageProfile"]["osDisk"]["managedDisk"]["id"])


def data_disks(cloud: Cloud, vm: Resource) -> dict[int, Resource]:
    """Return a machine's data disks by LUN."""
    named = vm.properties["storageProfile"]["dataDisks"]
    return {disk["lun"]: cloud.store.get(disk["managedDisk"]["id"]) for disk in named}


def named(vm: Resource) -> list[dict[str, Any]]:
    """Return the references to all disks in a machine's document, the OS disk first."""
    storage = vm.properties["storageProfile"]
    return [storage["osDisk"], *storage["dataDisks"]]


def existing(cloud: Cloud, vm: Resource) -> list[Resource]:
    """Return those disks of a machine that exist, the OS disk first."""
    found = (cloud.store.find(disk["managedDisk"]["id"]) for disk in named(vm))
    return [disk for disk in found if disk is not None]
