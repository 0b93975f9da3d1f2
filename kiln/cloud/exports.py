"""Export of the origin's disk as a VHD: read access to the disk is opened, the disk copied, and the access withdrawn.

A copy over an existing page blob first fills it with zeros ("Copy Blob"), so if the copy fails, the earlier content is
lost. A VHD of an earlier run of the same template is therefore replaced by way of a spare (ADR 0025): the disk is
copied to another blob beside the VHD, and only when that one is whole, it is copied over the VHD, within the account.

The disk's signed URL is a secret: it is used within one activity, and is in no history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.cloud import clients, marks
from kiln.cloud.failures import azure
from kiln.cloud.operations import finish, may_have_worked, start
from kiln.cloud.staging import VHDS
from kiln.cloud.vhd_places import require_storage
from kiln.contracts.base import Progress
from kiln.errors import AzureFailed, AzureNotFound, VhdTaken
from kiln.ids import name_of, part_of
from kiln.runs.ledger import LedgerEntry
from kiln.runs.tags import mark_in
from kiln.secret import Secret

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties

    from kiln.contracts.base import Operation
    from kiln.contracts.images import VhdRequest

ACCESS_SECONDS = 3 * 3600 + 1800
"""Seconds for which the disk can be read: half an hour more than the copy may take, whose end ends the access, too."""
BLOB_NOT_FOUND = "BlobNotFound"
CHANGED = frozenset({"BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet", "PendingCopyOperation"})
"""The error codes (409, 412) of a destination that has changed since it was looked at ("Blob service error codes")."""
SPARE_TIER = 9


def vhd_url(request: VhdRequest) -> str:
    """Return the unsigned URL of the VHD, or of its spare, as the request says."""
    return str(_blob(request).url)


def entry(request: VhdRequest) -> LedgerEntry:
    """Return the ledger entry of the VHD, or of its spare. The spare comes last, when the VHD's outcome is known."""
    url, mark = vhd_url(request), mark_in(request.target.tags)
    if request.to_spare:
        return LedgerEntry(kind="vhd", id=url, tier=SPARE_TIER, mark=mark, stands_for=request.target.url)
    return LedgerEntry(kind="vhd", id=url, tier=0, mark=mark)


@dataclass(frozen=True)
class Occupant:
    """A blob of this template's in the VHD's place; with `is_copied` it is this run's copy, which has not failed."""

    etag: str
    is_copied: bool


def refuse_taken(url: str, tags: dict[str, str]) -> Occupant | None:
    """Return the blob in the VHD's place, which a run of the same template made, and may overwrite; or None.

    `tags` are those of the new VHD. Raises `VhdTaken` when somebody else's blob is there, `AzureNotFound` when there is
    no container, `TargetNotFound` when the URL is not of Azure Storage.
    """
    properties = _properties(_at(url))
    if properties is None:
        return None
    found, mark = properties.metadata or {}, mark_in(tags)
    if not marks.is_of_maker(found, mark):
        raise VhdTaken(
            f"{url} exists already, and this template did not make it: {marks.who_made(found)}.",
            target="properties.distribute",
            hint="Name another blob in uri, or delete this one.",
        )
    is_copied = marks.carries(found, mark) and properties.copy.status in {"pending", "success"}
    return Occupant(etag=str(properties.etag), is_copied=is_copied)


def open_disk(disk: str) -> Secret:
    """Open a disk (its ARM id) for reading and return its signed URL.

    Raises what `azure` raises, and `TimeoutError` (worth another try) when the disk is not open in time.
    """
    body: Any = {"access": "Read", "durationInSeconds": ACCESS_SECONDS}
    begin = clients.compute(part_of(disk, "subscriptions")).disks.begin_grant_access
    access = finish(f"open the disk {disk} for reading", begin, *_names(disk), body, api_version=clients.DISKS)
    return Secret(str(access.access_sas))


def start_copy(request: VhdRequest, source: Secret, there: Occupant | None) -> None:
    """Start to copy the disk over the blob `there`, or to a free place, and over no other blob.

    `source` is the disk's signed URL. Raises what `_start_copy` raises.
    """
    _start_copy(request, source, there, f"export the disk {request.origin.disk} to {vhd_url(request)}")


def start_placing(request: VhdRequest, there: Occupant | None) -> None:
    """Start to copy the spare over the blob `there`, or to a free place, and over no other blob.

    Both are in one account, so the caller's own token may read the spare ("Copy Blob", authorization of a source blob
    in the same account). Raises what `_start_copy` raises; without a spare the blob stays as it is.
    """
    spare = vhd_url(request.model_copy(update={"to_spare": True}))
    _start_copy(request, Secret(spare), there, f"copy {spare} to {vhd_url(request)}")


def _start_copy(request: VhdRequest, source: Secret, there: Occupant | None, doing: str) -> None:
    """Start to copy the content at the URL `source`.

    Copy Blob takes `If-Match` and `If-None-Match: *` for its destination. If the destination has changed in between,
    it is looked at: this run's own copy counts as started. Raises what `azure` raises, `VhdTaken`, and
    `InterruptedError` (worth another try).
    """
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError

    blob = _blob(request)
    condition = MatchConditions.IfMissing if there is None else MatchConditions.IfNotModified
    etag = {} if there is None else {"etag": there.etag}
    answers: list[Any] = []
    hooked: dict[str, Any] = {"raw_response_hook": answers.append, "match_condition": condition, **etag}
    try:
        with azure(doing):
            try:
                blob.start_copy_from_url(source.reveal(), metadata=blob_metadata(request.target.tags), **hooked)
            except HttpResponseError as error:
                if getattr(error, "error_code", None) not in CHANGED:
                    raise
                now = refuse_taken(blob.url, request.target.tags)
                if now is None or not now.is_copied:
                    raise InterruptedError(f"{blob.url} was changed before the copy could start") from error
    except AzureFailed as failure:
        failure.unclear = may_have_worked(answers)
        raise


def export_progress(request: VhdRequest) -> Progress:
    """Return how far the copy is. Raises `AzureFailed` when it failed or was aborted."""
    blob = _blob(request)
    with azure(f"ask how far the copy to {blob.url} is"):
        copy = blob.get_blob_properties().copy
    if copy.status == "success":
        return Progress(done=True)
    if copy.status in {"failed", "aborted"}:
        raise AzureFailed(
            f"copy the disk {request.origin.disk} to {blob.url}",
            azure_code=f"Copy{str(copy.status).title()}",
            azure_message=str(copy.status_description or "no details"),
            hint=_what_is_left(request),
        )
    return Progress(done=False, note=_percent(copy.progress))


def start_revoke(disk: str) -> Operation:
    """Start to withdraw read access to a disk (its ARM id); until then it can be neither deleted nor used."""
    begin = clients.compute(part_of(disk, "subscriptions")).disks.begin_revoke_access
    return start(f"end the export of the disk {disk}", begin, *_names(disk), api_version=clients.DISKS)


def revoke(disk: str) -> None:
    """Withdraw read access to a disk. Raises `TimeoutError` (worth another try) when that takes too long."""
    begin = clients.compute(part_of(disk, "subscriptions")).disks.begin_revoke_access
    finish(f"end the export of the disk {disk}", begin, *_names(disk), api_version=clients.DISKS)


def _names(disk: str) -> tuple[str, str]:
    return part_of(disk, "resourceGroups"), name_of(disk)


def _what_is_left(request: VhdRequest) -> str | None:
    """Return the hint that the new VHD is in the spare, if the copy from there to the VHD's place failed; else None."""
    spare = request.model_copy(update={"to_spare": True})
    if request.to_spare or request.target.spare_url is None or not marks.is_whole(entry(spare)):
        return None
    return f"The earlier VHD is lost; the new one is {vhd_url(spare)}, kept until the VHD is whole."


def blob_metadata(tags: dict[str, str]) -> dict[str, str]:
    """Return tags as blob metadata, which goes in headers.

    A tag whose name is not a C# identifier, or whose value is not printable ASCII, is left out.
    """
    return {
        name: value
        for name, value in tags.items()
        if name.isidentifier() and name.isascii() and value.isascii() and value.isprintable()
    }


def _blob(request: VhdRequest) -> BlobClient:
    target = request.target
    if url := target.spare_url if request.to_spare else target.url:
        return _at(url)
    return blobs.account(request.storage.endpoint).get_blob_client(VHDS, request.target.blob)


def _at(url: str) -> BlobClient:
    """Return the blob of a template's URL. Raises `TargetNotFound` if the app's token must not be sent there."""
    require_storage(url)
    return blobs.at(url)


def _properties(blob: BlobClient) -> BlobProperties | None:
    try:
        with azure(f"look up {blob.url}"):
            return blob.get_blob_properties()
    except AzureNotFound as error:
        if BLOB_NOT_FOUND not in {detail.code for detail in error.detail.details}:
            raise  # the container, or the account
        return None


def _percent(progress: str | None) -> str | None:
    done, _, total = (progress or "").partition("/")
    if not (done.isdigit() and total.isdigit()) or int(total) == 0:
        return None
    return f"{100 * int(done) // int(total)} %"
