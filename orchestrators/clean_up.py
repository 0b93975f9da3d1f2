"""Delete what a run made, tier by tier, side by side within a tier. A failure is named, never a reason to stop."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from kiln.contracts import CLEAN_UP, CLOSE_LEDGER, DELETE_RESOURCE, START_DELETE
from kiln.errors import BuildError
from kiln.messages import CleanedUp, CloseRequest, DeleteRequest, Nothing
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.runs.record import LedgerEntry
    from orchestrators.flow import Steps


@orchestrator(CLEAN_UP)
def clean_up(flow: Flow, request: CloseRequest) -> Steps[CleanedUp]:
    """Close the run's ledger and delete what is due. Returns what could not be deleted, each with its reason."""
    due = yield from flow.run(CLOSE_LEDGER, request)
    leftovers = yield from delete_tiers(flow, due.entries)
    return CleanedUp(leftovers=leftovers, kept=due.kept)


@orchestrator(DELETE_RESOURCE)
def delete_resource(flow: Flow, request: DeleteRequest) -> Steps[Nothing]:
    """Delete one resource and wait until it is gone."""
    yield from flow.complete(START_DELETE, request, owner=None)
    return Nothing()


def delete_tiers(flow: Flow, due: Iterable[LedgerEntry]) -> Steps[tuple[str, ...]]:
    """Delete everything that is due, in the order of its tiers. Returns what is left, each with its reason."""
    left = yield from delete_all(flow, due)
    return tuple(f"{entry.id}: {error.detail.sentence()}" for entry, error in left)


def delete_all(flow: Flow, due: Iterable[LedgerEntry]) -> Steps[list[tuple[LedgerEntry, BuildError]]]:
    """Delete everything that is due, in the order of its tiers. Returns what is left, each with its error."""
    left: list[tuple[LedgerEntry, BuildError]] = []
    for _, group in groupby(due, key=_tier):
        entries = list(group)
        branches = [
            flow.begin(DELETE_RESOURCE, DeleteRequest(entry=entry), f"{entry.kind}-{entry.tier}-{at}")
            for at, entry in enumerate(entries)
        ]
        for entry, outcome in zip(entries, (yield from flow.gather(branches)), strict=True):
            if isinstance(outcome, BuildError):
                left.append((entry, outcome))
    return left


def _tier(entry: LedgerEntry) -> int:
    return entry.tier
