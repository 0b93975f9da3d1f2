"""Clean-up: everything that a run made, and that is not its result, is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import removal
from kiln.contracts.clean_up import CLOSE_LEDGER, START_DELETE, CloseRequest, DeleteRequest, Deletions
from kiln.runs.ledgers import Ledgers

if TYPE_CHECKING:
    from kiln.contracts.base import Operation


@implements(CLOSE_LEDGER)
def close_ledger(request: CloseRequest) -> Deletions:
    """Close the run's ledger; return the resources to delete, first tier first, and those kept for inspection."""
    ledger = Ledgers().close(request.run.template, request.run.run_id)
    undone = [entry for entry in ledger.entries if not entry.keep]
    due = [entry for entry in undone if entry.purpose not in request.keep]
    return Deletions(
        entries=tuple(sorted(due, key=lambda entry: entry.tier)),
        kept=tuple(entry.id for entry in undone if entry.purpose in request.keep),
    )


@implements(START_DELETE)
def start_delete(request: DeleteRequest) -> Operation:
    """Start to delete one resource."""
    return removal.start_delete(request.entry)
