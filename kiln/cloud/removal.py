"""Deletion of the resources in a ledger: its start for each kind of entry. A resource that is gone already is fine.

Nothing is deleted without the mark that its entry recorded, read right before (kiln.cloud.marks). For a moment ARM may
answer 404 for a new resource (seen with deployments, Azure/azure-dev issue 8064), so it is asked twice.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, assert_never

from kiln import blobs
from kiln.cloud import clients, exports, group_deletion, marks
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.contracts.base import Operation
from kiln.errors import AzureNotFound, OnlyCopy
from kiln.ids import name_of, part_of

if TYPE_CHECKING:
    from kiln.cloud.marks import Found
    from kiln.runs.ledger import LedgerEntry

GO_WITH_THEIR_MACHINE = frozenset({"nic", "disk"})
"""The kinds that Azure deletes with their machine (`deleteOption: Delete`), so that a 404 is no surprise."""


def start_delete(entry: LedgerEntry) -> Operation:
    """Start to delete the resource that `entry` names, or withdraw the access; return the operation to wait for.

    Raises what `azure` raises, `MadeByAnother` and `OnlyCopy`; a resource that does not exist is no error.
    """
    doing = f"delete {entry.id}"
    try:
        found = _found(entry)
        _refuse_only_copy(entry)
        return _start(entry, found, doing)
    except AzureNotFound:
        return Operation(doing=doing)


def _found(entry: LedgerEntry) -> Found:
    """Return the resource with the entry's id. Raises `MadeByAnother`, and `AzureNotFound` when Azure said so twice."""
    try:
        return marks.require_own(entry)
    except AzureNotFound:
        if entry.kind in GO_WITH_THEIR_MACHINE:
            raise
        return marks.require_own(entry)


def _refuse_only_copy(entry: LedgerEntry) -> None:
    """Raise `OnlyCopy` for a spare, unless the image or VHD that it stands for is whole and the template's own."""
    if entry.stands_for is None:
        return
    found = marks.find(entry.model_copy(update={"id": entry.stands_for}))
    if found is not None and not marks.is_of_maker(found.tags, entry.mark):
        raise OnlyCopy(
            f"{entry.id} is not deleted: it was to become {entry.stands_for}, which is somebody else's by now: "
            f"{marks.who_made(found.tags)}.",
            target=entry.id,
            hint="Use it as it is, or delete it; and name another image in the template.",
        )
    if found is None or found.state != marks.SUCCEEDED:
        raise OnlyCopy(
            f"{entry.id} is not deleted: it was to become {entry.stands_for}, which is missing or not whole.",
            target=entry.id,
            hint="Kiln deletes it once a run of the template has made that one; until then it is the only copy.",
        )


def _start(entry: LedgerEntry, found: Found, doing: str) -> Operation:  # noqa: PLR0911 - one for each kind
    match entry.kind:
        case "vhd":
            return _delete_blob(entry, found, doing)
        case "nic" | "network" | "security-group":
            return _delete_network(entry, doing)
        case "storage-account":
            return _delete_account(entry.id, doing)
        case "gallery" | "gallery-image" | "gallery-version":
            return _delete_gallery(entry, doing)
        case "disk-access":
            return exports.start_revoke(entry.id) if found.is_read else Operation(doing=doing)
        case "resource-group":
            return group_deletion.start_delete(entry)
        case "group-mark":
            return group_deletion.unmark(entry)
        case "vm" | "disk" | "snapshot" | "image":
            return _delete_compute(entry, found, doing)
        case _:
            assert_never(entry.kind)


def _delete_compute(entry: LedgerEntry, found: Found, doing: str) -> Operation:
    if found.is_read:  # a disk, since an export was not ended
        exports.revoke(entry.id)
    compute, names = clients.compute(part_of(entry.id, "subscriptions")), _names(entry)
    if entry.kind == "vm":
        begin = compute.virtual_machines.begin_delete
        return start(doing, begin, *names, force_deletion=True, api_version=clients.COMPUTE)
    if entry.kind == "image":
        return start(doing, compute.images.begin_delete, *names, api_version=clients.COMPUTE)
    operations = compute.snapshots if entry.kind == "snapshot" else compute.disks
    return start(doing, operations.begin_delete, *names, api_version=clients.DISKS)


def _delete_network(entry: LedgerEntry, doing: str) -> Operation:
    network, names = clients.network(part_of(entry.id, "subscriptions")), _names(entry)
    operations: Any = {
        "nic": network.network_interfaces,
        "network": network.virtual_networks,
        "security-group": network.network_security_groups,
    }[entry.kind]
    return start(doing, operations.begin_delete, *names, api_version=clients.NETWORK)


def _delete_gallery(entry: LedgerEntry, doing: str) -> Operation:
    compute, group = clients.compute(part_of(entry.id, "subscriptions")), part_of(entry.id, "resourceGroups")
    gallery = part_of(entry.id, "galleries")
    if entry.kind == "gallery":
        return start(doing, compute.galleries.begin_delete, group, gallery, api_version=clients.GALLERIES)
    image = part_of(entry.id, "images")
    if entry.kind == "gallery-image":
        return start(doing, compute.gallery_images.begin_delete, group, gallery, image, api_version=clients.GALLERIES)
    begin = compute.gallery_image_versions.begin_delete
    return start(doing, begin, group, gallery, image, name_of(entry.id), api_version=clients.GALLERIES)


def _delete_account(account: str, doing: str) -> Operation:
    """Delete a storage account, which Azure does at once."""
    with azure(doing):
        clients.storage(part_of(account, "subscriptions")).storage_accounts.delete(
            part_of(account, "resourceGroups"), name_of(account)
        )
    return Operation(doing=doing)


def _names(entry: LedgerEntry) -> tuple[str, str]:
    return part_of(entry.id, "resourceGroups"), name_of(entry.id)


def _delete_blob(entry: LedgerEntry, found: Found, doing: str) -> Operation:
    """Abort the copy into the blob that was found, then delete that blob and no other (Delete Blob, `If-Match`).

    An aborted copy leaves an empty blob with the same metadata and another ETag (Abort Copy Blob), so the blob is
    looked at again. Raises `InterruptedError` (worth another try) when the blob has changed in between.
    """
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError, ResourceModifiedError

    blob, etag = blobs.at(entry.id), found.etag
    if found.copying is not None:
        with contextlib.suppress(HttpResponseError):  # it ended in the meantime; then there is nothing to abort
            blob.abort_copy(found.copying)
        etag = marks.require_own(entry).etag
    with azure(doing):
        try:
            blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
        except ResourceModifiedError as error:
            raise InterruptedError(f"{entry.id} was changed before it could be deleted") from error
    return Operation(doing=doing)
