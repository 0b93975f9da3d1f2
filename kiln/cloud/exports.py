"""The machine's disk as a VHD in the staging storage: read access to the disk, a copy inside Azure, access withdrawn.

The disk's signed URL stays within one call here: it is a secret and never reaches a history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.cloud.staging import VHDS
from kiln.errors import AzureFailed
from kiln.messages import Progress

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

    from kiln.messages import Operation, VhdRequest
    from kiln.planner.plan import MachineSpec

ACCESS_SECONDS = 6 * 3600
"""How long the copy may read the disk; access is withdrawn as soon as the copy is over."""
GRANT_TIMEOUT = 90
"""Seconds; granting access takes a few."""


def vhd_url(request: VhdRequest) -> str:
    """Return the VHD's URL, unsigned."""
    return str(_blob(request).url)


def start_export(request: VhdRequest) -> None:
    """Open the disk for reading and start to copy it. A copy that is under way or done is left alone.

    Raises what `azure` raises, and `TimeoutError` (worth another try) when the disk is not open in time.
    """
    blob = _blob(request)
    if _copy_status(blob) in {"pending", "success"}:
        return
    body: Any = {"access": "Read", "durationInSeconds": ACCESS_SECONDS}
    machine = request.machine
    with azure(f"export the disk {machine.disk}"):
        poller = clients.compute(machine.subscription).disks.begin_grant_access(
            machine.group, machine.disk, body, api_version=clients.DISKS, polling_interval=2
        )
        access = poller.result(timeout=GRANT_TIMEOUT)
        if not poller.done():
            raise TimeoutError(f"access to the disk {machine.disk} was not granted within {GRANT_TIMEOUT} s")
        blob.start_copy_from_url(str(access.access_sas), metadata=_metadata(request.target.tags))


def export_progress(request: VhdRequest) -> Progress:
    """Return how far the copy is. Raises `AzureFailed` when it failed or was aborted."""
    blob = _blob(request)
    with azure(f"ask how far the copy to {blob.url} is"):
        copy = blob.get_blob_properties().copy
    if copy.status == "success":
        return Progress(done=True)
    if copy.status in {"failed", "aborted"}:
        raise AzureFailed(
            f"copy the disk {request.machine.disk} to {blob.url}",
            azure_code=f"Copy{str(copy.status).title()}",
            azure_message=str(copy.status_description or "no details"),
        )
    return Progress(done=False, note=_percent(copy.progress))


def start_revoke(machine: MachineSpec) -> Operation:
    """Start to withdraw read access; a disk under access can be neither deleted nor used."""
    return start(
        f"end the export of the disk {machine.disk}",
        clients.compute(machine.subscription).disks.begin_revoke_access,
        machine.group,
        machine.disk,
        api_version=clients.DISKS,
    )


def _blob(request: VhdRequest) -> BlobClient:
    return blobs.account(request.storage.endpoint).get_blob_client(VHDS, request.target.blob)


def _copy_status(blob: BlobClient) -> str | None:
    from azure.core.exceptions import ResourceNotFoundError

    with azure(f"look up {blob.url}"):
        try:
            status = blob.get_blob_properties().copy.status
        except ResourceNotFoundError:
            return None
    return str(status) if status else None


def _metadata(tags: dict[str, str]) -> dict[str, str]:
    """Return tags as blob metadata, whose names must be C# identifiers; others are left out."""
    return {name: value for name, value in tags.items() if name.isidentifier() and name.isascii() and value.isascii()}


def _percent(progress: str | None) -> str | None:
    done, _, total = (progress or "").partition("/")
    if not (done.isdigit() and total.isdigit()) or int(total) == 0:
        return None
    return f"{100 * int(done) // int(total)} %"
