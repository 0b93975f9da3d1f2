"""The sweep: leftovers are found and reported, and runs that nobody works on any more are closed."""

from __future__ import annotations

from datetime import datetime

from activities.adapter import implements
from kiln.contracts.base import Nothing
from kiln.errors import RunLost
from kiln.runs.record import RunState
from kiln.runs.runs import Runs
from kiln.sweep import report, search
from kiln.sweep.contracts import (
    CLOSE_LOST_RUN,
    FIND_LEFTOVERS,
    RECORD_SWEEP,
    FoundLeftovers,
    LostRunClosing,
    LostRunFacts,
    SweepDone,
    SweepRound,
)
from kiln.sweep.leftovers import Leftovers


@implements(CLOSE_LOST_RUN)
def close_lost_run(request: LostRunClosing) -> LostRunFacts:
    """Close a lost run's ledger, and keep its entries until a later sweep has seen that the resources are gone.

    That is needed because calls that the lost orchestration had sent may still make something.
    """
    lost = request.lost
    record = Runs().get(lost.run.template, lost.run.run_id)
    if record is None or record.state.is_final:
        return LostRunFacts(over=True)
    Leftovers().keep(lost.run, datetime.fromisoformat(request.at))
    where = f" It had come to: {record.phases[-1].name.value}." if record.phases else " It had not begun."
    error = RunLost(
        f"Nothing works on the run any more: its orchestration was found {lost.status}.{where}",
        hint="What it made is deleted. Run the template again.",
    )
    return LostRunFacts(over=False, canceled=record.state is RunState.CANCELING, error=error.detail)


@implements(FIND_LEFTOVERS)
def find_leftovers(request: SweepRound) -> FoundLeftovers:
    """Return the resources that Kiln made and that belong to nothing any more."""
    return search.find_leftovers(datetime.fromisoformat(request.at))


@implements(RECORD_SWEEP)
def record_sweep(done: SweepDone) -> Nothing:
    """Strike resources that are gone out of the ledgers, and store the report."""
    report.record_sweep(done)
    return Nothing()
