"""The ledgers of runs, kept in the store under `ledgers/`.

It owns their paths and the compare-and-swap of each change; ledger.py has their shapes, and how tries are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import DocumentUnreadable, PreconditionFailed, RunCanceled
from kiln.runs.documents import Documents, documents
from kiln.runs.ledger import Ledger, LedgerEntry, record_try, strike_try
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.ids import TemplateId


class Ledgers:
    """What each run may have made. Recording fails once the ledger is closed: that is the fence behind clean-up."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, run_id: str) -> str:
        """Return where a run's ledger is."""
        return f"ledgers/{template.key}/{run_id}.json"

    def record(self, template: TemplateId, run_id: str, *entries: LedgerEntry) -> None:
        """Record what is about to be made. Raises `RunCanceled` when the ledger is closed, or the run is gone.

        The same entry may be recorded again, once for each try; the caller makes the resource only after this returns.
        """

        def add(ledger: Ledger) -> Ledger:
            if ledger.closed:
                raise RunCanceled(run_id)
            return record_try(ledger, entries)

        self._change(template, run_id, add)

    def strike(self, template: TemplateId, run_id: str, *entries: LedgerEntry) -> None:
        """Take one try back, which Azure refused for good. What no try may have made is in the ledger no more.

        Clean-up may have begun; it looks at what it deletes.
        """
        self._change(template, run_id, lambda ledger: strike_try(ledger, entries))

    def keep(self, template: TemplateId, run_id: str, resource: str) -> None:
        """Mark a resource as a finished result, which clean-up leaves alone.

        Raises `RunCanceled` when the ledger was closed before the first time: who asks again has yet to tell of it.
        """

        def is_it(entry: LedgerEntry) -> bool:
            return entry.id.lower() == resource.lower()

        def mark(ledger: Ledger) -> Ledger:
            if any(is_it(entry) and entry.keep for entry in ledger.entries):
                return ledger
            if ledger.closed:
                raise RunCanceled(run_id)
            entries = tuple(
                entry.model_copy(update={"keep": True}) if is_it(entry) else entry for entry in ledger.entries
            )
            return ledger.model_copy(update={"entries": entries})

        self._change(template, run_id, mark)

    def close(self, template: TemplateId, run_id: str) -> Ledger:
        """Close the ledger for good and return what is to be deleted and what is kept."""
        return self._change(template, run_id, lambda ledger: ledger.model_copy(update={"closed": True}))

    def is_closed(self, template: TemplateId, run_id: str) -> bool:
        """Whether the run's clean-up has begun, or the run is gone, and its ledger with it."""
        stored = self._store.get(self.path(template, run_id), Ledger)
        return self._is_gone(template, run_id) if stored is None else stored.content.closed

    def _is_gone(self, template: TemplateId, run_id: str) -> bool:
        try:
            return Runs(self._store).get(template, run_id) is None
        except DocumentUnreadable:
            return False

    def _change(self, template: TemplateId, run_id: str, change: Callable[[Ledger], Ledger]) -> Ledger:
        path = self.path(template, run_id)
        while True:
            changed = self._store.update(path, Ledger, change)
            if changed is not None:
                return changed
            first = change(Ledger(run_id=run_id))
            try:
                etag = self._store.create(path, first)
            except PreconditionFailed:
                continue  # another activity of the run wrote it first
            if not first.closed and self._is_gone(template, run_id):
                self._store.delete_unchanged(path, etag)
                raise RunCanceled(run_id)  # it went with its template, and its ledger first
            return first
