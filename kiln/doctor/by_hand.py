"""What is to be done by hand about what a ledger names and the sweeper cannot remove: one command for each kind.

It owns the commands of the Azure CLI ("az resource", "az group", "az tag", "az disk", "az storage blob"). A group that
Kiln only marked is its owner's, and a disk whose reading is open may be in use: neither is deleted.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple, assert_never

from kiln.cloud.group_tags import USED_BY
from kiln.ids import name_of, part_of
from kiln.planner.tags import HOME_TAG

if TYPE_CHECKING:
    from kiln.runs.record import LedgerEntry


class ByHand(NamedTuple):
    """What is nobody's, what becomes of it (a participle), how that is asked for (an infinitive), and the command."""

    subject: str
    becomes: str
    doing: str
    command: str


def by_hand(entry: LedgerEntry) -> ByHand:
    """Return how a person removes what `entry` names, and no more than that; its id is quoted for a POSIX shell."""
    match entry.kind:
        case (
            "vm" | "nic" | "disk" | "snapshot" | "image" | "network" | "security-group" | "storage-account"
            | "gallery" | "gallery-image" | "gallery-version"
        ):  # fmt: skip
            return _deleted(_az("resource", "delete", "--ids", entry.id))
        case "vhd":
            return _deleted(_az("storage", "blob", "delete", "--blob-url", entry.id, "--auth-mode", "login"))
        case "resource-group":
            subscription = part_of(entry.id, "subscriptions")
            return _deleted(_az("group", "delete", "--name", name_of(entry.id), "--subscription", subscription))
        case "group-mark":
            tags = ("--operation", "Delete", "--tags", USED_BY, HOME_TAG)
            command = _az("tag", "update", "--resource-id", entry.id, *tags)
            return ByHand("Kiln's mark on the group, which is not Kiln's,", "taken off", "take it off", command)
        case "disk-access":
            command = _az("disk", "revoke-access", "--ids", entry.id)
            return ByHand("The access by which the disk can be read", "withdrawn", "withdraw it", command)
        case _:
            assert_never(entry.kind)


def _deleted(command: str) -> ByHand:
    return ByHand("It", "deleted", "delete it", command)


def _az(*words: str) -> str:
    return shlex.join(("az", *words))
