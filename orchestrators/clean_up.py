"""Delete what a run made, tier by tier, side by side within a tier. A failure is named, never a reason to stop."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from kiln.contracts import CLEAN_UP, CLOSE_LEDGER, DELETE_RESOURCE, START_DELETE
from kiln.errors import BuildError
from kiln.messages import BuildRequest, CleanedUp, DeleteRequest, Nothing
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from kiln.runs.record import LedgerEntry
    from orchestrators.flow import Steps


@orchestrator(CLEAN_UP)
def clean_up(flow: Flow, request: BuildRequest) -> Steps[CleanedUp]:
    """Close the run's ledger and delete what is in it. Returns what could not be deleted, each with its reason."""
    due = yield from flow.run(CLOSE_LEDGER, request.run)
    leftovers: list[str] = []
    for _, group in groupby(due.entries, key=_tier):
        entries = list(group)
        branches = [
            flow.begin(DELETE_RESOURCE, DeleteRequest(run=request.run, entry=entry), f"{entry.kind}-{at}")
            for at, entry in enumerate(entries)
        ]
        for entry, outcome in zip(entries, (yield from flow.gather(branches)), strict=True):
            if isinstance(outcome, BuildError):
                leftovers.append(f"{entry.id}: {outcome.detail.sentence()}")
    return CleanedUp(leftovers=tuple(leftovers))


@orchestrator(DELETE_RESOURCE)
def delete_resource(flow: Flow, request: DeleteRequest) -> Steps[Nothing]:
    """Delete one resource and wait until it is gone."""
    yield from flow.complete(START_DELETE, request, run=None)
    return Nothing()


def _tier(entry: LedgerEntry) -> int:
    return entry.tier
