"""The disk of a gallery version that an earlier run made, for targets of a retry that are made from a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.machine_body import DISK_KIND
from kiln.cloud.operations import start
from kiln.ids import name_of, part_of

if TYPE_CHECKING:
    from kiln.messages import Operation
    from kiln.planner.targets import OriginSpec


def start_disk(origin: OriginSpec) -> Operation:
    """Start to make the OS disk of the origin's version."""
    body: Any = {
        "location": origin.location,
        "tags": origin.tags,
        "sku": {"name": DISK_KIND},
        "properties": {
            "creationData": {"createOption": "FromImage", "galleryImageReference": {"id": origin.version}},
        },
    }
    return start(
        f"create the disk {origin.disk}",
        clients.compute(part_of(origin.disk, "subscriptions")).disks.begin_create_or_update,
        part_of(origin.disk, "resourceGroups"),
        name_of(origin.disk),
        body,
        api_version=clients.DISKS,
    )
