"""Managed images as targets: made of a machine, of a disk, or of snapshots that were copied to the image's region.

A managed image's content never changes (Azure/azure-cli issue 5172), so one that an earlier run made is replaced:
deleted right before the new one is made. An image of anybody else's is never touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients, marks
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.cloud.origins import refuse_data_disks
from kiln.cloud.snapshots import copies
from kiln.errors import AzureNotFound, VersionTaken
from kiln.ids import name_of, part_of
from kiln.planner.tags import RUN_TAG, mark_in
from kiln.runs.record import LedgerEntry

if TYPE_CHECKING:
    from kiln.messages import Operation
    from kiln.planner.targets import ManagedImageTarget, OriginSpec

DELETE_TIMEOUT = 90
"""Seconds; deleting an image takes a few."""


def refuse_taken(target: ManagedImageTarget) -> str | None:
    """Return the id of the run that made an image that is there, or None without one.

    Raises `VersionTaken` when it is not one that this template made.
    """
    try:
        found = marks.look(_entry(target)).tags
    except AzureNotFound:
        return None
    if not marks.is_of_maker(found, mark_in(target.tags)):
        raise VersionTaken(
            f"The managed image {target.image_id} exists already, and this template did not make it.",
            target="properties.distribute",
            hint="Name another image in imageId, or delete this one.",
        )
    return found.get(RUN_TAG)


def start_image(origin: OriginSpec, target: ManagedImageTarget) -> Operation:
    """Start to make the image. Raises `VersionTaken` when somebody else's is there, and what the origin forbids."""
    if origin.version:
        refuse_data_disks(origin.version)
    maker = refuse_taken(target)
    if maker is not None and maker != target.tags["kilnRun"]:
        _delete(target)
    body: Any = {
        "location": target.location,
        "tags": target.tags,
        "properties": {"hyperVGeneration": target.generation, **_source(origin, target)},
    }
    return start(
        f"create the managed image {target.image_id}",
        clients.compute(part_of(target.image_id, "subscriptions")).images.begin_create_or_update,
        *_names(target),
        body,
        api_version=clients.COMPUTE,
    )


def _source(origin: OriginSpec, target: ManagedImageTarget) -> dict[str, Any]:
    disk: dict[str, Any] = {"osType": target.os, "osState": "Generalized"}
    if target.copy_id:
        os_copy, *data_copies = copies(origin, target)
        return {
            "storageProfile": {
                "osDisk": {**disk, "snapshot": {"id": os_copy.copy_id}},
                "dataDisks": [{"lun": copy.lun, "snapshot": {"id": copy.copy_id}} for copy in data_copies],
            }
        }
    if origin.machine:
        return {"sourceVirtualMachine": {"id": origin.machine}}
    return {"storageProfile": {"osDisk": {**disk, "managedDisk": {"id": origin.disk}}}}


def _delete(target: ManagedImageTarget) -> None:
    """Delete what an earlier run made. Raises `TimeoutError` (worth another try) when it is not gone in time."""
    compute = clients.compute(part_of(target.image_id, "subscriptions"))
    with azure(f"replace {target.image_id}"):
        poller = compute.images.begin_delete(*_names(target), api_version=clients.COMPUTE, polling_interval=2)
        poller.result(timeout=DELETE_TIMEOUT)
    if not poller.done():
        raise TimeoutError(f"{target.image_id} was not deleted within {DELETE_TIMEOUT} s")


def _entry(target: ManagedImageTarget) -> LedgerEntry:
    """Return the image as the ledger would have it."""
    return LedgerEntry(kind="image", id=target.image_id, tier=0, mark=mark_in(target.tags))


def _names(target: ManagedImageTarget) -> tuple[str, str]:
    return part_of(target.image_id, "resourceGroups"), name_of(target.image_id)
