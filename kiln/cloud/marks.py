"""Whose a resource is: the mark that Azure itself keeps with it, read at the moment when it counts.

ARM knows no If-Match for deleting what Kiln makes (of the pinned specifications only that of virtual machines names it,
and not for DELETE), so a look and a DELETE are two calls. Names that Kiln gives have the run's id in them; for those
that a template gives, somebody would have to delete the resource and make another within these milliseconds. Blobs have
ETags, and their deletion is bound to what was read.

A machine's disks get the machine's tags when it makes them (hashicorp/terraform-provider-azurerm issue 8162,
Azure/azure-sdk-for-js issue 17787).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.errors import AzureNotFound, MadeByAnother
from kiln.ids import name_of, part_of
from kiln.runs.tags import MARK_TAG, RUN_TAG, maker_in, tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.runs.ledger import LedgerEntry

SUCCEEDED = "Succeeded"
VERSIONS = {
    "vm": clients.COMPUTE,
    "image": clients.COMPUTE,
    "disk": clients.DISKS,
    "disk-access": clients.DISKS,
    "snapshot": clients.DISKS,
    "gallery": clients.GALLERIES,
    "gallery-image": clients.GALLERIES,
    "gallery-version": clients.GALLERIES,
    "nic": clients.NETWORK,
    "network": clients.NETWORK,
    "security-group": clients.NETWORK,
    "storage-account": clients.STORAGE,
    "resource-group": clients.RESOURCES,
    "group-mark": clients.RESOURCES,
}
"""By kind, the API version with which Azure is asked for it."""


@dataclass(frozen=True)
class Found:
    """What is there: its tags (of a blob its metadata); a blob's ETag, and the copy into it that is under way.

    `state` is ARM's provisioning state; a blob that is no copy, or a whole one, has come to be as well as any. A disk
    that a signed URL can read (`is_read`) can be neither deleted nor used before that access is withdrawn.
    """

    tags: Mapping[str, str]
    state: str | None = None
    etag: str | None = None
    copying: str | None = None
    is_read: bool = False


def look(entry: LedgerEntry) -> Found:
    """Return what is under a ledger entry's id. Raises `AzureNotFound`, and what `azure` raises."""
    if entry.kind == "vhd":
        return _blob(entry.id)
    subscription = part_of(entry.id, "subscriptions")
    with azure(f"look up {entry.id}"):
        if entry.kind in {"resource-group", "group-mark"}:
            group = clients.resources(subscription).resource_groups.get(name_of(entry.id))
            return Found(group.tags or {})
        resource = clients.resources(subscription).resources.get_by_id(entry.id, api_version=VERSIONS[entry.kind])
    properties: Any = resource.properties or {}
    is_read = str(properties.get("diskState", "")).startswith("ActiveSAS")
    return Found(resource.tags or {}, state=properties.get("provisioningState"), is_read=is_read)


def _blob(url: str) -> Found:
    with azure(f"look up {url}"):
        properties = blobs.at(url).get_blob_properties()
    copy = properties.copy
    copying = str(copy.id) if copy.status == "pending" else None
    state = SUCCEEDED if copy.status in {None, "success"} else str(copy.status).title()
    return Found(properties.metadata or {}, state=state, etag=properties.etag, copying=copying)


def carries(tags: Mapping[str, str], mark: Mapping[str, str]) -> bool:
    """Whether tags are those of what the mark is of; names of tags and metadata know no case. No mark is nobody's."""
    return bool(mark) and all(tag(tags, name) == value for name, value in mark.items())


def is_of_maker(tags: Mapping[str, str], mark: Mapping[str, str]) -> bool:
    """Whether tags are those of what any run of the same template of the same Kiln made as the mark's run is of."""
    return maker_in(tag(tags, MARK_TAG) or "") == maker_in(mark[MARK_TAG])


def who_made(tags: Mapping[str, str]) -> str:
    """Return who made what has these tags, in words: a run of Kiln's by its id, or somebody who is not Kiln."""
    run = tag(tags, RUN_TAG)
    return f"Kiln's run {run} made it" if run else "Kiln did not make it"


def require_own(entry: LedgerEntry) -> Found:
    """Return what is under the entry's id if it has the entry's mark. Raises `MadeByAnother`, `AzureNotFound`."""
    found = look(entry)
    if not carries(found.tags, entry.mark):
        raise made_by_another(entry, found.tags)
    return found


def is_own(entry: LedgerEntry) -> bool:
    """Whether what is under the entry's id is there, and has the entry's mark."""
    found = find(entry)
    return found is not None and carries(found.tags, entry.mark)


def is_whole(entry: LedgerEntry) -> bool:
    """Whether what is under the entry's id is there, has the entry's mark, if it has one, and was made to its end."""
    found = find(entry)
    return found is not None and found.state == SUCCEEDED and (not entry.mark or carries(found.tags, entry.mark))


def find(entry: LedgerEntry) -> Found | None:
    """Return what is under the entry's id, whoever made it; None when nothing is."""
    try:
        return look(entry)
    except AzureNotFound:
        return None


def made_by_another(entry: LedgerEntry, tags: Mapping[str, str]) -> MadeByAnother:
    """Return the error for what is under the entry's id and has these tags instead of the entry's mark."""
    wanted = ", ".join(f"{name} {value}" for name, value in entry.mark.items()) or "none"
    values = ((name, tag(tags, name)) for name in entry.mark)
    seen = ", ".join(f"{name} {value}" for name, value in values if value is not None) or "none of these"
    return MadeByAnother(
        f"{entry.id} is somebody else's by now, so it was left alone: what Kiln made there had the tags {wanted}; "
        f"this has {seen}.",
        target=entry.id,
        hint="It is its maker's to keep or to delete.",
    )
