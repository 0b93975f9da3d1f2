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
    """Ledgers, by template and run id. Recording fails once a ledger is closed: that is the fence behind clean-up."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, run_id: str) -> str:
        """Return the path of a run's ledger."""
        return f"ledgers/{template.key}/{run_id}.json"

    def record(self, template: TemplateId, run_id: str, *entries: LedgerEntry) -> None:
        """Record resources that are about to be made. Raises `RunCanceled` when the ledger is closed or the run gone.

        An entry is recorded once for each try. The caller makes the resource only after this returns.
        """

        def add(ledger: Ledger) -> Ledger:
            if ledger.closed:
                raise RunCanceled(run_id)
            return record_try(ledger, entries)

        self._change(template, run_id, add)

    def strike(self, template: TemplateId, run_id: str, *entries: LedgerEntry) -> None:
        """Strike one try that Azure refused for good; an entry without tries leaves the ledger.

        Clean-up may have begun already; it checks the mark of each resource before it deletes one.
        """
        self._change(template, run_id, lambda ledger: strike_try(ledger, entries))

    def keep(self, template: TemplateId, run_id: str, resource: str) -> None:
        """Mark a resource as a finished result, which clean-up does not delete.

        Raises `RunCanceled` when the ledger is closed, but not for a resource that was marked before that: a repeated
        call must be able to report its result.
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
        """Close the ledger for good and return it, with the entries to delete and those to keep."""
        return self._change(template, run_id, lambda ledger: ledger.model_copy(update={"closed": True}))

    def is_closed(self, template: TemplateId, run_id: str) -> bool:
        """Whether the run may make nothing more: its clean-up has begun, or the run is gone with its ledger."""
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
                raise RunCanceled(run_id)  # it was deleted with its template, its ledger first
            return first
