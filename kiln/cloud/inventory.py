"""What Kiln made in a staging group that is not its own, found by its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.errors import AzureNotFound
from kiln.runs.record import LedgerEntry

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from kiln.ids import TemplateId

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
"""By resource type, what is deleted when: users before what they use. Run commands go with their machine."""


def staged(template: TemplateId, group: str) -> tuple[LedgerEntry, ...]:
    """Return what Kiln made for the template in a group, first tier first; nothing when the group is gone."""
    try:
        with azure(f"list what is in the resource group {group}"):
            found = list(clients.resources(template.subscription).resources.list_by_resource_group(group))
    except AzureNotFound:
        return ()
    entries = (
        KINDS[str(item.type).lower()].model_copy(update={"id": item.id})
        for item in found
        if str(item.type).lower() in KINDS and _is_of(item, template)
    )
    return tuple(sorted(entries, key=lambda entry: entry.tier))


def _is_of(item: GenericResourceExpanded, template: TemplateId) -> bool:
    tags = item.tags or {}
    names = (tags.get("imageTemplateName", "").lower(), tags.get("imageTemplateResourceGroupName", "").lower())
    return tags.get("createdBy") == "Kiln" and names == (template.name.lower(), template.group.lower())
