"""What clean-up deletes: one start for each kind of ledger entry. What is gone already is fine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, assert_never

from kiln import blobs
from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.errors import AzureNotFound
from kiln.ids import name_of, part_of
from kiln.messages import Operation

if TYPE_CHECKING:
    from kiln.runs.record import LedgerEntry


def start_delete(entry: LedgerEntry) -> Operation:
    """Start to delete what `entry` names, or to withdraw it; return the operation to wait for.

    Raises what `azure` raises; a resource that does not exist is no error.
    """
    doing = f"delete {entry.id}"
    try:
        return _start(entry, doing)
    except AzureNotFound:
        return Operation(doing=doing)


def _start(entry: LedgerEntry, doing: str) -> Operation:
    if entry.kind == "vhd":
        return _delete_blob(entry.id, doing)
    group, name = part_of(entry.id, "resourceGroups"), name_of(entry.id)
    compute = clients.compute(part_of(entry.id, "subscriptions"))
    match entry.kind:
        case "vm":
            return start(
                doing, compute.virtual_machines.begin_delete, group, name, force_deletion=True,
                api_version=clients.COMPUTE,
            )  # fmt: skip
        case "disk":
            return start(doing, compute.disks.begin_delete, group, name, api_version=clients.DISKS)
        case "disk-access":
            return start(doing, compute.disks.begin_revoke_access, group, name, api_version=clients.DISKS)
        case "nic":
            network = clients.network(part_of(entry.id, "subscriptions"))
            return start(doing, network.network_interfaces.begin_delete, group, name, api_version=clients.NETWORK)
        case "gallery-version":
            gallery, image = part_of(entry.id, "galleries"), part_of(entry.id, "images")
            return start(
                doing, compute.gallery_image_versions.begin_delete, group, gallery, image, name,
                api_version=clients.GALLERIES,
            )  # fmt: skip
        case _:
            assert_never(entry.kind)


def _delete_blob(url: str, doing: str) -> Operation:
    from azure.core.exceptions import HttpResponseError

    blob = blobs.at(url)
    with azure(doing):
        copy = blob.get_blob_properties().copy
        if copy.status == "pending" and copy.id:
            with contextlib.suppress(HttpResponseError):  # it ended in the meantime; then there is nothing to abort
                blob.abort_copy(copy.id)
        blob.delete_blob()
    return Operation(doing=doing)
