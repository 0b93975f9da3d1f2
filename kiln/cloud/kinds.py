"""Types of resources that Kiln makes, and the order in which they are deleted: pure."""

from __future__ import annotations

from kiln.runs.ledger import LedgerEntry

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
