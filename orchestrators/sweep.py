"""One sweep: runs that nobody works on are ended, and leftovers are deleted, tier by tier.

The root always has the same instance id, so that there is one sweep at a time; each round is an instance of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.contracts.clean_up import CLEAN_UP, CloseRequest
from kiln.contracts.runs import FINISH_RUN, REPORT_STOP, FinishReport, StopReport
from kiln.errors import BuildError
from kiln.runs.record import RunState
from kiln.sweep.contracts import (
    CLOSE_LOST_RUN,
    END_LOST_RUN,
    FIND_LEFTOVERS,
    RECORD_SWEEP,
    SWEEP,
    SWEEP_ROUND,
    LostRun,
    LostRunClosing,
    SweepDone,
    SweepRequest,
    SweepRound,
)
from kiln.sweep.models import EndedRun, Undeleted
from orchestrators.clean_up import delete_all
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps


@orchestrator(SWEEP, root=True)
def sweep(flow: Flow, request: SweepRequest) -> Steps[Nothing]:
    """Sweep once."""
    name = f"sweep-{flow.now:%Y%m%d-%H%M%S-%f}"
    yield from flow.call_known(
        SWEEP_ROUND, SweepRound(at=flow.stamp, lost=request.lost, problems=request.problems), name
    )
    return Nothing()


@orchestrator(SWEEP_ROUND)
def sweep_round(flow: Flow, request: SweepRound) -> Steps[Nothing]:
    """End lost runs, delete leftovers, and store a report of both. A failure is named in it."""
    outcomes = yield from flow.gather(
        [flow.begin(END_LOST_RUN, lost, f"run-{at}") for at, lost in enumerate(request.lost)]
    )
    found = yield from flow.run(FIND_LEFTOVERS, request)
    undeleted = yield from delete_all(flow, [each.entry for each in found.due])
    reasons = {entry.key: error.detail.sentence() for entry, error in undeleted}
    done = SweepDone(
        began=request.at,
        at=flow.stamp,
        found=found,
        left=tuple(
            Undeleted(leftover=each, reason=reasons[each.entry.key]) for each in found.due if each.entry.key in reasons
        ),
        runs=tuple(outcome for outcome in outcomes if isinstance(outcome, EndedRun) and outcome.state),
        problems=request.problems
        + tuple(outcome.detail.sentence() for outcome in outcomes if isinstance(outcome, BuildError)),
    )
    yield from flow.run(RECORD_SWEEP, done)
    return Nothing()


@orchestrator(END_LOST_RUN)
def end_lost_run(flow: Flow, lost: LostRun) -> Steps[EndedRun]:
    """End a run as its own orchestration would have: clean up, then say how it ended."""
    facts = yield from flow.run(CLOSE_LOST_RUN, LostRunClosing(lost=lost, at=flow.stamp))
    if facts.over or facts.error is None:
        return EndedRun(run=lost.run)
    error, state = facts.error, RunState.CANCELED if facts.canceled else RunState.FAILED
    yield from flow.run(REPORT_STOP, StopReport(run=lost.run, at=flow.stamp, error=error, canceled=facts.canceled))
    cleaned = yield from flow.call(CLEAN_UP, CloseRequest(run=lost.run), "clean")
    message = error.sentence()
    report = FinishReport(
        run=lost.run,
        at=flow.stamp,
        state=state,
        message=message,
        error=error,
        leftovers=cleaned.leftovers,
    )
    yield from flow.run(FINISH_RUN, report)
    return EndedRun(run=lost.run, state=state, message=message)
