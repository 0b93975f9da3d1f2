"""The origin's disk as a VHD: read access to the disk, a copy inside Azure, access withdrawn.

The disk's signed URL stays within one call here: it is a secret and never reaches a history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kiln import blobs
from kiln.cloud import clients
from kiln.cloud.downloads import may_have_token
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.cloud.staging import VHDS
from kiln.errors import AzureFailed, AzureNotFound, TargetNotFound, VersionTaken
from kiln.ids import name_of, part_of
from kiln.messages import Progress

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties

    from kiln.messages import Operation, VhdRequest

ACCESS_SECONDS = 3 * 3600 + 1800
"""How long the copy may read the disk: half an hour more than it may take. Access is withdrawn once it is over."""
RUN_METADATA = "kilnrun"
"""The tag with the run's id, as blob metadata in lower case."""
BLOB_NOT_FOUND = "BlobNotFound"
GRANT_TIMEOUT = 90
"""Seconds; granting access takes a few."""


def vhd_url(request: VhdRequest) -> str:
    """Return the VHD's URL, unsigned."""
    return str(_blob(request).url)


def refuse_taken(url: str) -> None:
    """Raise `VersionTaken` when somebody else's blob is in the VHD's place; an earlier run's is overwritten.

    Raises `AzureNotFound` when there is not even a container, `TargetNotFound` when the URL is not of Azure Storage.
    """
    properties = _properties(_at(url))
    if properties is None or RUN_METADATA in {name.lower() for name in properties.metadata or {}}:
        return
    raise VersionTaken(
        f"{url} exists already, and Kiln did not make it.",
        target="properties.distribute",
        hint="Name another blob in uri, or delete this one.",
    )


def start_export(request: VhdRequest) -> None:
    """Open the disk for reading and start to copy it. A copy of this run that is under way or done is left alone.

    Raises what `azure` raises, and `TimeoutError` (worth another try) when the disk is not open in time.
    """
    blob = _blob(request)
    metadata = blob_metadata(request.target.tags)
    found = _properties(blob)
    if found and found.copy.status in {"pending", "success"} and _is_ours(found.metadata, metadata):
        return
    body: Any = {"access": "Read", "durationInSeconds": ACCESS_SECONDS}
    disk = request.origin.disk
    with azure(f"export the disk {disk} to {blob.url}"):
        poller = clients.compute(part_of(disk, "subscriptions")).disks.begin_grant_access(
            part_of(disk, "resourceGroups"), name_of(disk), body, api_version=clients.DISKS, polling_interval=2
        )
        access = poller.result(timeout=GRANT_TIMEOUT)
        if not poller.done():
            raise TimeoutError(f"access to the disk {disk} was not granted within {GRANT_TIMEOUT} s")
        blob.start_copy_from_url(str(access.access_sas), metadata=metadata)


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
        )
    return Progress(done=False, note=_percent(copy.progress))


def is_open(disk: str) -> bool:
    """Whether somebody may read a disk (its ARM id) by a signed URL."""
    with azure(f"look up the disk {disk}"):
        found = clients.compute(part_of(disk, "subscriptions")).disks.get(
            part_of(disk, "resourceGroups"), name_of(disk), api_version=clients.DISKS
        )
    return str(found.disk_state and getattr(found.disk_state, "value", found.disk_state)).startswith("ActiveSAS")


def start_revoke(disk: str) -> Operation:
    """Start to withdraw read access to a disk (its ARM id); one under access can be neither deleted nor used."""
    return start(
        f"end the export of the disk {disk}",
        clients.compute(part_of(disk, "subscriptions")).disks.begin_revoke_access,
        part_of(disk, "resourceGroups"),
        name_of(disk),
        api_version=clients.DISKS,
    )


def blob_metadata(tags: dict[str, str]) -> dict[str, str]:
    """Return tags as blob metadata, which goes in headers: names must be C# identifiers; others are left out."""
    return {
        name: value
        for name, value in tags.items()
        if name.isidentifier() and name.isascii() and value.isascii() and value.isprintable()
    }


def _blob(request: VhdRequest) -> BlobClient:
    if request.target.url:
        return _at(request.target.url)
    return blobs.account(request.storage.endpoint).get_blob_client(VHDS, request.target.blob)


def _at(url: str) -> BlobClient:
    """Return the blob of a template's URL. Raises `TargetNotFound` where the app's own token must not be sent."""
    if not may_have_token(url):
        raise TargetNotFound(
            f"{urlsplit(url).hostname} is no host of Azure Storage over https, so no VHD goes there.",
            target="properties.distribute",
            hint="Name a blob of a storage account in uri; KILN_BLOB_SUFFIXES has the names that count as one.",
        )
    return blobs.at(url)


def _properties(blob: BlobClient) -> BlobProperties | None:
    try:
        with azure(f"look up {blob.url}"):
            return blob.get_blob_properties()
    except AzureNotFound as error:
        if BLOB_NOT_FOUND not in {detail.code for detail in error.detail.details}:
            raise  # the container, or the account
        return None


def _is_ours(found: dict[str, str] | None, wanted: dict[str, str]) -> bool:
    """Whether a blob's metadata names the run of `wanted`; servers may change the case of names."""
    runs = [
        {name.lower(): value for name, value in (metadata or {}).items()}.get(RUN_METADATA)
        for metadata in (found, wanted)
    ]
    return runs[0] is not None and runs[0] == runs[1]


def _percent(progress: str | None) -> str | None:
    done, _, total = (progress or "").partition("/")
    if not (done.isdigit() and total.isdigit()) or int(total) == 0:
        return None
    return f"{100 * int(done) // int(total)} %"
