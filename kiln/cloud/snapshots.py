"""Snapshots of a machine's disks, and their copies in another region, for managed images there.

Facts: Microsoft's "Copy an incremental snapshot to a new region": only incremental snapshots can be copied, and the
copy goes on in the background after the PUT is over; `completionPercent` says how far it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure, failed
from kiln.cloud.operations import start
from kiln.contracts.base import Progress
from kiln.ids import name_of, part_of

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.planner.targets import ManagedImageTarget, OriginSpec

WHOLE = 100
"""The `completionPercent` of a snapshot that is copied."""


@dataclass(frozen=True)
class Copy:
    """A disk, its snapshot and the snapshot's copy in another region, by their ARM ids. The OS disk's `lun` is None."""

    lun: int | None
    disk: str
    snapshot: str
    copy_id: str


def copies(origin: OriginSpec, target: ManagedImageTarget) -> tuple[Copy, ...]:
    """Return the copies to make, the OS disk's first. None are needed for an image in the origin's own region."""
    if target.snapshot is None or target.copy_id is None:
        return ()
    data = (
        Copy(item.lun, item.disk, f"{target.snapshot}-lun{item.lun}", f"{target.copy_id}-lun{item.lun}")
        for item in origin.data_disks
    )
    return (Copy(None, origin.disk, target.snapshot, target.copy_id), *data)


def start_snapshot(origin: OriginSpec, copy: Copy) -> Operation:
    """Start to make the snapshot of a disk, in the disk's own region."""
    return _put(copy.snapshot, origin.location, origin.tags, "Copy", copy.disk)


def start_copy(origin: OriginSpec, target: ManagedImageTarget, copy: Copy) -> Operation:
    """Start to copy a snapshot to the image's region."""
    return _put(copy.copy_id, target.location, origin.tags, "CopyStart", copy.snapshot)


def copies_progress(origin: OriginSpec, target: ManagedImageTarget) -> Progress:
    """Return how far the copies are. Raises `AzureFailed` when one failed."""
    percents = [_percent(copy, target) for copy in copies(origin, target)]
    return Progress(done=all(part >= WHOLE for part in percents), note=f"{sum(percents) / len(percents):.0f} %")


def _percent(copy: Copy, target: ManagedImageTarget) -> float:
    doing = f"copy the snapshot {copy.snapshot} to {target.location}"
    with azure(doing):
        found = clients.compute(part_of(copy.copy_id, "subscriptions")).snapshots.get(
            part_of(copy.copy_id, "resourceGroups"), name_of(copy.copy_id), api_version=clients.DISKS
        )
    properties = found.properties
    if properties is None:
        return 0.0
    if error := properties.copy_completion_error:
        raise failed(doing, str(error.error_code), str(error.error_message))
    return float(properties.completion_percent or 0.0)


def _put(snapshot: str, location: str, tags: dict[str, str], option: str, source: str) -> Operation:
    body: Any = {
        "location": location,
        "tags": tags,
        "properties": {"creationData": {"createOption": option, "sourceResourceId": source}, "incremental": True},
    }
    return start(
        f"create the snapshot {snapshot}",
        clients.compute(part_of(snapshot, "subscriptions")).snapshots.begin_create_or_update,
        part_of(snapshot, "resourceGroups"),
        name_of(snapshot),
        body,
        api_version=clients.DISKS,
    )
