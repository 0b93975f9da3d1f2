"""The disk of a gallery version that an earlier run made, for targets of a retry that are made from a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused
from kiln.cloud.gallery import names
from kiln.cloud.machine_body import DISK_KIND
from kiln.cloud.operations import start
from kiln.ids import name_of, part_of

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.planner.targets import OriginSpec


def refuse_data_disks(version: str) -> None:
    """Raise a `BuildError` when a gallery version (its ARM id) has data disks.

    Only the version's OS disk becomes a disk here, so the new image would lack the data disks, and nobody would know.
    """
    with azure(f"look up {version}"):
        found = clients.compute(part_of(version, "subscriptions")).gallery_image_versions.get(
            *names(version), name_of(version), api_version=clients.GALLERIES
        )
    storage = found.properties.storage_profile if found.properties else None
    if storage and storage.data_disk_images:
        raise refused(
            f"A managed image cannot be made from {version}, because that has data disks.",
            target="properties.distribute",
            hint="Start a new run: from a build machine, managed images get all of its disks.",
        )


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
