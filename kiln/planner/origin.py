"""The origin of images: the generalized machine's disk, or a disk made from an earlier run's gallery version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import resource_id
from kiln.planner import names
from kiln.planner.machine import disk_id, machine_id
from kiln.planner.targets import OriginDataDisk, OriginSpec

if TYPE_CHECKING:
    from kiln.planner.plan import MachineSpec
    from kiln.planner.retry import RetryFromImage
    from kiln.planner.staging import GroupSpec


def machine_origin(machine: MachineSpec) -> OriginSpec:
    """Return the build machine as an origin."""
    return OriginSpec(
        machine=machine_id(machine),
        disk=disk_id(machine),
        data_disks=tuple(OriginDataDisk(lun=disk.lun, disk=disk_id(machine, disk.name)) for disk in machine.data_disks),
        location=machine.location,
        tags=machine.tags,
    )


def version_origin(from_image: RetryFromImage, group: GroupSpec, run_id: str, tags: dict[str, str]) -> OriginSpec:
    """Return an earlier run's gallery version as an origin, in the build's own region if the version is there."""
    regions = from_image.regions
    kind, name = "Microsoft.Compute/disks", names.origin_disk(run_id)
    return OriginSpec(
        version=from_image.version,
        disk=resource_id(group.subscription, group.name, kind, name),
        location=group.location if group.location in regions else regions[0],
        tags=tags,
    )
