"""What is to be done by hand about what a ledger names and the sweeper cannot remove: one command for each kind.

It owns the commands of the Azure CLI ("az resource", "az group", "az tag", "az disk", "az storage blob"), for a POSIX
shell. As Kiln itself does, each looks first whether what is there still carries the entry's mark: by the time that
somebody copies it, another's may have the name. A group that Kiln only marked is its owner's, and a disk whose reading
is open may be in use: neither is deleted.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple, assert_never

from kiln.cloud.group_tags import USED_BY
from kiln.ids import name_of, part_of
from kiln.runs.tags import INSTALLATION_TAG

if TYPE_CHECKING:
    from kiln.runs.ledger import LedgerEntry


class ManualRemoval(NamedTuple):
    """What is nobody's, what becomes of it (a participle), how that is asked for (an infinitive), and the command."""

    subject: str
    becomes: str
    doing: str
    command: str


def manual_removal(entry: LedgerEntry) -> ManualRemoval:
    """Return how a person removes what `entry` names, if it is still what was made, and no more than that."""
    match entry.kind:
        case (
            "vm" | "nic" | "disk" | "snapshot" | "image" | "network" | "security-group" | "storage-account"
            | "gallery" | "gallery-image" | "gallery-version"
        ):  # fmt: skip
            return _deleted(_marked(entry, _az("resource", "delete", "--ids", entry.id)))
        case "vhd":
            blob = ("--blob-url", entry.id, "--auth-mode", "login")
            return _deleted(_marked(entry, _az("storage", "blob", "delete", *blob)))
        case "resource-group":
            subscription = part_of(entry.id, "subscriptions")
            names = ("--name", name_of(entry.id), "--subscription", subscription)
            return _deleted(_marked(entry, _az("group", "delete", *names)))
        case "group-mark":
            tags = ("--operation", "Delete", "--tags", USED_BY, INSTALLATION_TAG)
            command = _marked(entry, _az("tag", "update", "--resource-id", entry.id, *tags))
            return ManualRemoval("Kiln's mark on the group, which is not Kiln's,", "taken off", "take it off", command)
        case "disk-access":
            command = _marked(entry, _az("disk", "revoke-access", "--ids", entry.id))
            return ManualRemoval("The access by which the disk can be read", "withdrawn", "withdraw it", command)
        case _:
            assert_never(entry.kind)


def _marked(entry: LedgerEntry, command: str) -> str:
    """Return the command behind a look at the mark: one question to Azure, which answers `true` (JMESPath)."""
    tags, look = "properties.tags", ["tag", "list", "--resource-id", entry.id]
    if entry.kind == "vhd":
        tags, look = "metadata", ["storage", "blob", "show", "--blob-url", entry.id, "--auth-mode", "login"]
    wanted = " && ".join(f'{tags}."{name}" == {_raw(value)}' for name, value in entry.mark.items())
    if not wanted:
        return command
    return f'[ "$({_az(*look, "--query", wanted, "--output", "json")})" = true ] && {command}'


def _raw(text: str) -> str:
    """Return a text as a raw string of JMESPath ("Raw String Literals": a quote in it is escaped)."""
    return "'" + text.replace("'", "\\'") + "'"


def _deleted(command: str) -> ManualRemoval:
    return ManualRemoval("It", "deleted", "delete it", command)


def _az(*words: str) -> str:
    return shlex.join(("az", *words))
