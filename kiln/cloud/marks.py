"""Checks of marks: the tags that say whose a resource is, read from Azure right before Kiln changes or deletes it.

ARM has no If-Match for deleting the resources that Kiln makes (of the pinned specifications only that of virtual
machines names it, and not for DELETE), so the look and the DELETE are two calls. Names that Kiln gives have the run's
id in them; a resource with a name that a template gives is mistaken only if somebody deletes it and makes another one
within the milliseconds between. Blobs have ETags, and their deletion names the one that was read.

A machine's disks get the machine's tags when the machine is made (hashicorp/terraform-provider-azurerm issue 8162,
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
"""The API version of each kind of ledger entry, for looking up its resource."""


@dataclass(frozen=True)
class Found:
    """A resource or blob that exists: its tags or metadata; of a blob the ETag, and the id of a copy into it under way.

    `state` is ARM's provisioning state; for a blob it is that of the copy, `Succeeded` if it is no copy. A disk that a
    signed URL can read (`is_read`) can be neither deleted nor used before that access is withdrawn.
    """

    tags: Mapping[str, str]
    state: str | None = None
    etag: str | None = None
    copying: str | None = None
    is_read: bool = False


def look(entry: LedgerEntry) -> Found:
    """Return the resource or blob with a ledger entry's id. Raises `AzureNotFound`, and what `azure` raises."""
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
    """Whether tags or metadata have the mark in them, in names of any case. An empty mark is in none."""
    return bool(mark) and all(tag(tags, name) == value for name, value in mark.items())


def is_of_maker(tags: Mapping[str, str], mark: Mapping[str, str]) -> bool:
    """Whether the tags and the mark come from runs of the same template of the same Kiln."""
    return maker_in(tag(tags, MARK_TAG) or "") == maker_in(mark[MARK_TAG])


def who_made(tags: Mapping[str, str]) -> str:
    """Return a clause that says who made the resource with these tags: a run of Kiln's, by its id, or not Kiln."""
    run = tag(tags, RUN_TAG)
    return f"Kiln's run {run} made it" if run else "Kiln did not make it"


def require_own(entry: LedgerEntry) -> Found:
    """Return the resource with the entry's id if it has the entry's mark. Raises `MadeByAnother`, `AzureNotFound`."""
    found = look(entry)
    if not carries(found.tags, entry.mark):
        raise made_by_another(entry, found.tags)
    return found


def is_own(entry: LedgerEntry) -> bool:
    """Whether the resource with the entry's id exists, and has the entry's mark."""
    found = find(entry)
    return found is not None and carries(found.tags, entry.mark)


def is_whole(entry: LedgerEntry) -> bool:
    """Whether the resource with the entry's id exists, is whole, and has the mark of the entry, if that has one."""
    found = find(entry)
    return found is not None and found.state == SUCCEEDED and (not entry.mark or carries(found.tags, entry.mark))


def find(entry: LedgerEntry) -> Found | None:
    """Return the resource with the entry's id, whoever made it, or None."""
    try:
        return look(entry)
    except AzureNotFound:
        return None


def made_by_another(entry: LedgerEntry, tags: Mapping[str, str]) -> MadeByAnother:
    """Return the error for a resource with the entry's id that has these tags instead of the entry's mark."""
    wanted = ", ".join(f"{name} {value}" for name, value in entry.mark.items()) or "none"
    values = ((name, tag(tags, name)) for name in entry.mark)
    seen = ", ".join(f"{name} {value}" for name, value in values if value is not None) or "none of these"
    return MadeByAnother(
        f"{entry.id} is somebody else's by now, so it was left alone: the one that Kiln made had the tags {wanted}; "
        f"this one has {seen}.",
        target=entry.id,
        hint="Its maker may keep or delete it.",
    )
