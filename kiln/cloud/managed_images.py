"""Managed images as targets: made from a machine, a disk, or snapshots that were copied to the image's region.

A managed image's content cannot be changed: Azure accepts new tags and refuses all else (Azure/azure-cli issue 5172,
hashicorp/packer-plugin-azure issue 41). Nor can an image be renamed. So an image that an earlier run of the same
template made is replaced in three steps (ADR 0024): first a spare is made beside it, so that anything that Azure
refuses shows while the image still exists; then the image is deleted, and made anew. Clean-up deletes the spare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients, marks
from kiln.cloud.operations import finish, start
from kiln.cloud.origins import refuse_data_disks
from kiln.cloud.snapshots import copies
from kiln.errors import AzureFailed, ImageTaken
from kiln.ids import name_of, part_of
from kiln.runs.ledger import LedgerEntry
from kiln.runs.tags import mark_in

if TYPE_CHECKING:
    from kiln.cloud.marks import Found
    from kiln.contracts.base import Operation
    from kiln.planner.targets import ManagedImageTarget, OriginSpec

SPARE_TIER = 9


def refuse_taken(target: ManagedImageTarget) -> Found | None:
    """Return the image that exists, or None. Raises `ImageTaken` when this template did not make it."""
    found = marks.find(entry(target))
    if found is not None and not marks.is_of_maker(found.tags, mark_in(target.tags)):
        raise ImageTaken(
            f"The managed image {target.image_id} exists already, and this template did not make it: "
            f"{marks.who_made(found.tags)}.",
            target="properties.distribute",
            hint="Name another image in imageId, or delete this one.",
        )
    return found


def is_replaced(target: ManagedImageTarget) -> bool:
    """Whether an earlier run's image is to be replaced. Raises `ImageTaken` when the image is somebody else's."""
    found = refuse_taken(target)
    return found is not None and not marks.carries(found.tags, mark_in(target.tags))


def start_spare(origin: OriginSpec, target: ManagedImageTarget) -> Operation:
    """Start to make the spare: the new image under another name. Raises `AzureFailed`, or what the origin forbids."""
    return _start(origin, target, target.spare_id)


def start_image(origin: OriginSpec, target: ManagedImageTarget) -> Operation:
    """Start to make the image. If an earlier run's image exists, delete that first, once the spare is whole.

    If the process dies in between, the next call finds nothing to delete. Raises `ImageTaken` when the image is
    somebody else's or the spare is not whole, `AzureFailed`, or what the origin forbids.
    """
    if is_replaced(target):
        _require_spare(target)
        _delete(target)
    try:
        return _start(origin, target, target.image_id)
    except AzureFailed as error:
        refuse_taken(target)
        if marks.is_whole(spare_entry(target)):
            hint = f"The earlier image is deleted; the new one is {target.spare_id}, kept until the image exists."
            error.detail = error.detail.model_copy(update={"hint": f"{error.detail.hint or ''} {hint}".strip()})
        raise


def entry(target: ManagedImageTarget) -> LedgerEntry:
    """Return the image's ledger entry."""
    return LedgerEntry(kind="image", id=target.image_id, tier=0, mark=mark_in(target.tags))


def spare_entry(target: ManagedImageTarget) -> LedgerEntry:
    """Return the spare's ledger entry, which comes last, when the outcome of the image is known."""
    mark = mark_in(target.tags)
    return LedgerEntry(kind="image", id=target.spare_id, tier=SPARE_TIER, mark=mark, stands_for=target.image_id)


def _start(origin: OriginSpec, target: ManagedImageTarget, image_id: str) -> Operation:
    if origin.version:
        refuse_data_disks(origin.version)
    body: Any = {
        "location": target.location,
        "tags": target.tags,
        "properties": {"hyperVGeneration": target.generation, **_source(origin, target)},
    }
    return start(
        f"create the managed image {image_id}",
        clients.compute(part_of(image_id, "subscriptions")).images.begin_create_or_update,
        *_names(image_id),
        body,
        api_version=clients.COMPUTE,
    )


def _require_spare(target: ManagedImageTarget) -> None:
    """Raise `ImageTaken` unless the spare is whole. Without one, the image was made after this run looked for it."""
    if not marks.is_whole(spare_entry(target)):
        raise ImageTaken(
            f"The managed image {target.image_id} was made during this run, or its spare was deleted.",
            target="properties.distribute",
            hint="Retry the run: it then makes a spare before it replaces the image.",
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
    """Delete an earlier run's image. Raises `TimeoutError` (worth another try) when it is not gone in time."""
    begin = clients.compute(part_of(target.image_id, "subscriptions")).images.begin_delete
    finish(f"replace {target.image_id}", begin, *_names(target.image_id), api_version=clients.COMPUTE)


def _names(image_id: str) -> tuple[str, str]:
    return part_of(image_id, "resourceGroups"), name_of(image_id)
