"""The end of everything that a run made and that is not its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import removal
from kiln.contracts import CLOSE_LEDGER, START_DELETE
from kiln.messages import DeleteRequest, Leftovers, Operation
from kiln.runs.store import Ledgers

if TYPE_CHECKING:
    from kiln.ids import RunRef


@implements(CLOSE_LEDGER)
def close_ledger(run: RunRef) -> Leftovers:
    """Close the run's ledger and return what is to be deleted, first tier first."""
    ledger = Ledgers().close(run.template, run.run_id)
    due = [entry for entry in ledger.entries if not entry.keep]
    return Leftovers(entries=tuple(sorted(due, key=lambda entry: entry.tier)))


@implements(START_DELETE)
def start_delete(request: DeleteRequest) -> Operation:
    """Start to delete one resource."""
    return removal.start_delete(request.entry)
