"""The resources that Kiln made in one template's staging group, found by their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.group_tags import Owner, is_made_by_kiln, kilns_tags, owner_of
from kiln.errors import AzureNotFound
from kiln.runs.ledger import LedgerEntry

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from kiln.cloud.group_tags import GroupUser

KINDS = {
    "microsoft.compute/galleries/images/versions": LedgerEntry(kind="gallery-version", id="", tier=0),
    "microsoft.compute/virtualmachines": LedgerEntry(kind="vm", id="", tier=1),
    "microsoft.compute/galleries/images": LedgerEntry(kind="gallery-image", id="", tier=1),
    "microsoft.compute/snapshots": LedgerEntry(kind="snapshot", id="", tier=1),
    "microsoft.compute/galleries": LedgerEntry(kind="gallery", id="", tier=2),
    "microsoft.compute/disks": LedgerEntry(kind="disk", id="", tier=2),
    "microsoft.network/networkinterfaces": LedgerEntry(kind="nic", id="", tier=2),
    "microsoft.network/virtualnetworks": LedgerEntry(kind="network", id="", tier=3),
    "microsoft.storage/storageaccounts": LedgerEntry(kind="storage-account", id="", tier=3),
    "microsoft.network/networksecuritygroups": LedgerEntry(kind="security-group", id="", tier=4),
}
"""The ledger entry for each resource type. Tiers are deleted in order: a resource before those that it uses.

Run commands are deleted with their machine.
"""


class Content(NamedTuple):
    """A group's content: the resources that one Kiln made for one template, by tier, and the ids of all others.

    A resource within one of Kiln's, such as an extension of a machine, is deleted with that and is in neither.
    """

    own: tuple[LedgerEntry, ...] = ()
    others: tuple[str, ...] = ()


def content(subscription: str, group: str, user: GroupUser) -> Content:
    """Return the content of a group, as seen by the template that uses it; empty when the group is gone."""
    try:
        with azure(f"list what is in the resource group {group}"):
            found = list(clients.resources(subscription).resources.list_by_resource_group(group))
    except AzureNotFound:
        return Content()
    entries = [
        KINDS[str(item.type).lower()].model_copy(update={"id": item.id, "mark": kilns_tags(item.tags)})
        for item in found
        if str(item.type).lower() in KINDS and _is_of(item, subscription, user)
    ]
    own = tuple(f"{entry.id}/".lower() for entry in entries)
    others = tuple(str(item.id) for item in found if not f"{item.id}/".lower().startswith(own))
    return Content(tuple(sorted(entries, key=lambda entry: entry.tier)), others)


def _is_of(item: GenericResourceExpanded, subscription: str, user: GroupUser) -> bool:
    return owner_of(item.tags, subscription, user) is Owner.OURS and is_made_by_kiln(item.tags)
