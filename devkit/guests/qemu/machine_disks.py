"""The disks of one machine: made anew from what its specification names, and found again by LUN.

It owns which source each disk is made of; it must not know how a machine is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.guests.port import DataDisk, DiskImage, GuestError
from devkit.guests.qemu import disks

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.guests.qemu.record import GuestRecord


def starts_warm(record: GuestRecord) -> bool:
    """Whether the first start thaws the template, which is a machine without data disks."""
    return not isinstance(record.spec.source, DiskImage) and not record.spec.data_disks


async def make_disks(record: GuestRecord, template_disk: Path) -> None:
    """Make all disks anew. A machine that starts warm grows its disk later: the template knows its old size."""
    spec = record.spec
    image = spec.source.path if isinstance(spec.source, DiskImage) else template_disk
    if spec.disk_size_gib is not None and spec.disk_size_gib * disks.GIB < await disks.virtual_size(image):
        raise GuestError(f"{spec.vm_id}: a disk of {spec.disk_size_gib} GiB is smaller than its image")
    if isinstance(spec.source, DiskImage):
        await disks.copy_alone(image, record.disk)
    else:
        await disks.create_overlay(record.disk, backing=image)
    if spec.disk_size_gib is not None and not starts_warm(record):
        await disks.grow(record.disk, spec.disk_size_gib * disks.GIB)
    for disk in spec.data_disks:
        await _make_data_disk(record.data_disk(disk.lun), disk)


async def _make_data_disk(path: Path, disk: DataDisk) -> None:
    size = disk.size_gib * disks.GIB
    if disk.source is None:
        await disks.create_empty(path, size)
    elif (await disks.copy_alone(disk.source.path, path)).virtual_size < size:
        await disks.grow(path, size)


def existing_disk(record: GuestRecord, lun: int | None) -> Path:
    """Return the file of the disk at a LUN (None: the OS disk). Raises GuestError if there is none."""
    disk = record.disk if lun is None else record.data_disk(lun)
    if not disk.exists():
        raise GuestError(f"{record.spec.vm_id}: the machine or its disk has been destroyed")
    return disk
