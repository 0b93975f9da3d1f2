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
    """A resource that a run is about to make, recorded before the call that makes it. `tier` 0 is deleted first.

    `mark` is the tags (of a blob the metadata) by which what is under the id is known as what was made; nothing
    without them is deleted. `tries` counts the calls that may have made it: each is recorded before it is sent, and
    struck out again when Azure refuses it for good. `purpose` is whose machine it belongs to, so that a failed build's
    machine can be kept for a look at it. What `stands_for` another resource (its ARM id) is deleted only while that is
    there and whole.
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
        """What it is, without regard to case: its kind and id."""
        return self.kind, self.id.lower()


class Ledger(Document):
    """All that a run may have made. Once `closed`, nothing can be added, so nothing more can be made."""

    run_id: str
    entries: tuple[LedgerEntry, ...] = ()
    closed: bool = False


def record_try(ledger: Ledger, made: Iterable[LedgerEntry]) -> Ledger:
    """Return the ledger with one more try to make these."""
    entries = {entry.key: entry for entry in ledger.entries}
    for entry in made:
        known = entries.get(entry.key)
        entries[entry.key] = known.model_copy(update={"tries": known.tries + 1}) if known else entry
    return ledger.model_copy(update={"entries": tuple(entries.values())})


def strike_try(ledger: Ledger, refused: Iterable[LedgerEntry]) -> Ledger:
    """Return the ledger with one try to make these less, and without what no try is left of."""
    keys = {entry.key for entry in refused}
    less = (
        entry.model_copy(update={"tries": entry.tries - 1}) if entry.key in keys else entry for entry in ledger.entries
    )
    return ledger.model_copy(update={"entries": tuple(entry for entry in less if entry.tries > 0)})
