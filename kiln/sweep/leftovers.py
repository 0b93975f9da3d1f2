"""Leftovers of ended runs: entries of their ledgers that were not deleted, kept in the store until they are gone.

Such a document outlives its run's record and its template, so it holds the entries themselves.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kiln.ids import RunRef
from kiln.runs.documents import Documents, documents
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.reading import readable
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class RunLeftovers(Document):
    """The leftovers of one run, and since when they are leftovers."""

    run: RunRef
    since: datetime
    entries: tuple[LedgerEntry, ...] = ()


class Leftovers:
    """Leftovers of runs, by run."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(run: RunRef) -> str:
        """Return the path of the document of a run's leftovers."""
        return f"leftovers/{run.template.key}/{run.run_id}.json"

    def keep(self, run: RunRef, now: datetime, only: Collection[str] | None = None) -> RunLeftovers:
        """Close the run's ledger and keep its entries but for results; with `only` (ids), none but those."""
        ledger = Ledgers(self._store).close(run.template, run.run_id)
        entries = tuple(entry for entry in ledger.entries if not entry.keep and (only is None or entry.id in only))
        left = RunLeftovers(run=run, since=now, entries=entries)
        if not entries:
            return left
        return self._store.put(self.path(run), left, lambda known: _joined(known, left)).content

    def list(self) -> Iterator[RunLeftovers]:
        """Yield the leftovers of all runs, as far as they can be read."""
        yield from readable(self._store, "leftovers/", RunLeftovers)

    def strike(self, run: RunRef, gone: Collection[str]) -> RunLeftovers | None:
        """Strike the entries that are gone (ids). Returns the remaining leftovers, or None when there are none."""

        def struck(known: RunLeftovers) -> RunLeftovers:
            return known.model_copy(update={"entries": tuple(each for each in known.entries if each.id not in gone)})

        left = self._store.update(self.path(run), RunLeftovers, struck)
        if left is not None and left.entries:
            return left
        self._store.delete(self.path(run))
        return None


def _joined(known: RunLeftovers, more: RunLeftovers) -> RunLeftovers:
    ids = {entry.id for entry in known.entries}
    new = tuple(entry for entry in more.entries if entry.id not in ids)
    return known.model_copy(update={"entries": known.entries + new})
