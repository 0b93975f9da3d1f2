"""Commands of the Azure CLI, for a POSIX shell, that a finding tells a person to run.

Sources: "az resource", "az group", "az tag", "az disk", "az storage blob", "az role assignment". They are as careful as
Kiln itself: a resource is removed only while it has the ledger entry's mark, since another one may have its name by the
time that somebody runs the command, and a document only while it is the one that could not be read.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple, assert_never

from kiln.cloud.group_tags import USED_BY
from kiln.config import config
from kiln.ids import name_of, part_of
from kiln.runs.documents import CONTAINER
from kiln.runs.tags import INSTALLATION_TAG

if TYPE_CHECKING:
    from kiln.runs.ledger import LedgerEntry


class ManualRemoval(NamedTuple):
    """A person's way to remove a leftover: the words for a sentence about it, and the command.

    `becomes` is a participle ("deleted"), `doing` an infinitive ("delete it").
    """

    subject: str
    becomes: str
    doing: str
    command: str


def manual_removal(entry: LedgerEntry) -> ManualRemoval:
    """Return how a person removes what the ledger entry names.

    A resource group that Kiln only marked belongs to somebody else, and a disk with open read access may be in use:
    neither is deleted, only the mark or the access.
    """
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


def remove_document(path: str, etag: str) -> str:
    """Return the command that removes one of Kiln's own documents, if it has not changed since it was read."""
    url = f"{config().state_endpoint.rstrip('/')}/{CONTAINER}/{path}"
    return _az("storage", "blob", "delete", "--blob-url", url, "--if-match", etag, "--auth-mode", "login")


def grant(role: str, scope: str) -> str:
    """Return the command that gives Kiln's identity a role at a scope; the scope is quoted for a shell already."""
    return f'az role assignment create --assignee {identity()} --role "{role}" --scope {scope}'


def identity() -> str:
    """Return the client id of Kiln's identity; if none is set, a placeholder for its object id."""
    return config().client_id or '"<object id of the app\'s identity>"'


def _marked(entry: LedgerEntry, command: str) -> str:
    """Return the command, run only if Azure says that the resource has the entry's mark (a JMESPath query)."""
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
