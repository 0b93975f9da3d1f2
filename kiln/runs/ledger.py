"""A run's ledger: the resources that the run is about to make or has made, and how its entries change. Pure.

Two hosts may try to make the same resource, and the answer to a call may be lost, so an entry counts the tries. It
stays until Azure has refused every one of them for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

EntryKind = Literal[
    "vm", "nic", "disk", "disk-access", "snapshot", "image", "gallery-version", "vhd",
    "gallery-image", "gallery", "network", "security-group", "storage-account", "resource-group", "group-mark",
]  # fmt: skip


class LedgerEntry(Document):
    """A resource that a run is about to make, recorded before the call that makes it.

    Clean-up deletes by `tier`, 0 first, and only a resource that carries `mark` in its tags (a blob: in its metadata).
    `tries` counts the calls that may have made the resource: each is recorded before it is sent, and struck again when
    Azure refuses it for good. `purpose` says whose machine the resource belongs to, so that the machine of a failed
    build can be kept for inspection. An entry that `stands_for` another resource (its ARM id) is deleted only while
    that resource exists and is whole. `keep` is true of a finished result.
    """

    kind: EntryKind
    id: str
    tier: int
    mark: dict[str, str] = Field(default_factory=dict)
    tries: int = 1
    stands_for: str | None = None
    purpose: Literal["build", "validation"] | None = None
    keep: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The kind and the id, in lower case: two entries with one key are of one resource."""
        return self.kind, self.id.lower()


class Ledger(Document):
    """All resources that a run may have made. Once it is `closed`, no entry is added, so nothing more is made."""

    run_id: str
    entries: tuple[LedgerEntry, ...] = ()
    closed: bool = False


def record_try(ledger: Ledger, made: Iterable[LedgerEntry]) -> Ledger:
    """Return the ledger with one more try for each of these entries."""
    entries = {entry.key: entry for entry in ledger.entries}
    for entry in made:
        known = entries.get(entry.key)
        entries[entry.key] = known.model_copy(update={"tries": known.tries + 1}) if known else entry
    return ledger.model_copy(update={"entries": tuple(entries.values())})


def strike_try(ledger: Ledger, refused: Iterable[LedgerEntry]) -> Ledger:
    """Return the ledger with one try less for each of these entries, without those that have none left."""
    keys = {entry.key for entry in refused}
    less = (
        entry.model_copy(update={"tries": entry.tries - 1}) if entry.key in keys else entry for entry in ledger.entries
    )
    return ledger.model_copy(update={"entries": tuple(entry for entry in less if entry.tries > 0)})
