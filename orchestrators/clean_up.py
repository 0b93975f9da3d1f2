"""Delete what a run made: tier by tier, in parallel within a tier. A failed deletion is reported, and stops nothing."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from kiln.contracts.clean_up import CLEAN_UP, CLOSE_LEDGER, START_DELETE, CleanedUp, CloseRequest, DeleteRequest
from orchestrators.flow import Flow, orchestrator
from orchestrators.waits import complete_each

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.errors import BuildError
    from kiln.runs.ledger import LedgerEntry
    from orchestrators.flow import Steps


@orchestrator(CLEAN_UP)
def clean_up(flow: Flow, request: CloseRequest) -> Steps[CleanedUp]:
    """Close the run's ledger and delete what is due. Returns what could not be deleted, each with its reason."""
    due = yield from flow.run(CLOSE_LEDGER, request)
    leftovers = yield from delete_tiers(flow, due.entries)
    return CleanedUp(leftovers=leftovers, kept=due.kept)


def delete_tiers(flow: Flow, due: Iterable[LedgerEntry]) -> Steps[tuple[str, ...]]:
    """Delete everything that is due, in the order of its tiers. Returns what is left, each with its reason."""
    left = yield from delete_all(flow, due)
    return tuple(f"{entry.id}: {error.detail.sentence()}" for entry, error in left)


def delete_all(flow: Flow, due: Iterable[LedgerEntry]) -> Steps[list[tuple[LedgerEntry, BuildError]]]:
    """Delete everything that is due, in the order of its tiers. Returns what is left, each with its error."""
    left: list[tuple[LedgerEntry, BuildError]] = []
    for _, group in groupby(due, key=_tier):
        entries = list(group)
        errors = yield from complete_each(flow, START_DELETE, [DeleteRequest(entry=entry) for entry in entries])
        left += [(entry, error) for entry, error in zip(entries, errors, strict=True) if error is not None]
    return left


def _tier(entry: LedgerEntry) -> int:
    return entry.tier
