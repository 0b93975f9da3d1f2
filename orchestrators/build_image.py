"""A build from its request to its end: plan, make the image, clean up, say how it went.

Cancel and deadline race with the work. Whoever loses, clean-up runs; its first act closes the run's ledger, after which
the work can make nothing more and ends by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import BUILD_IMAGE, CLEAN_UP, FINISH_RUN, MAKE_IMAGE, MAKE_PLAN, REPORT_STOP, PlannedRun
from kiln.errors import BuildError, RunCanceled
from kiln.messages import CANCEL, BuildRequest, FinishReport, Nothing, Outcome, StopReport
from kiln.runs.record import Phase, RunState
from orchestrators.flow import Branch, Flow, orchestrator

if TYPE_CHECKING:
    from kiln.planner.plan import Plan
    from orchestrators.flow import Steps


@orchestrator(BUILD_IMAGE)
def build_image(flow: Flow, request: BuildRequest) -> Steps[Nothing]:
    """Build one image. The run's record says how it ended; this never raises for a failed build."""
    run = request.run
    work: Branch[Outcome] | None = None
    error: BuildError | None = None
    outcome = Outcome()
    try:
        yield from flow.enter(run, Phase.PLAN)
        plan = yield from flow.run(MAKE_PLAN, run)
        work = flow.begin(MAKE_IMAGE, PlannedRun(plan=plan), "make")
        outcome = yield from _race(flow, plan, work)
        error = _first_error(outcome)
        state = _state(outcome)
    except BuildError as stopped:
        error, state = stopped, RunState.CANCELED if isinstance(stopped, RunCanceled) else RunState.FAILED
        yield from flow.run(
            REPORT_STOP,
            StopReport(run=run, at=flow.stamp, error=stopped.detail, canceled=isinstance(stopped, RunCanceled)),
        )
    leftovers = yield from _clean_up(flow, request, work)
    report = FinishReport(
        run=run,
        at=flow.stamp,
        state=state,
        message=error.detail.sentence() if error else "",
        error=error.detail if error else None,
        outputs=outcome.outputs,
        leftovers=leftovers,
    )
    yield from flow.run(FINISH_RUN, report)
    return Nothing()


def _race(flow: Flow, plan: Plan, work: Branch[Outcome]) -> Steps[Outcome]:
    within = timedelta(minutes=plan.timeout_minutes)
    return (yield from flow.race(work, run=plan.run, cancel=CANCEL, within=within))


def _clean_up(flow: Flow, request: BuildRequest, work: Branch[Outcome] | None) -> Steps[tuple[str, ...]]:
    """Delete what the run made. Work that lost a race may be in the middle of a call: wait for it, then look again."""
    racing = work is not None and not work.task.is_completed
    yield from flow.enter(request.run, Phase.CLEAN_UP)
    cleaned = yield from flow.call(CLEAN_UP, request, "clean")
    if work is not None and racing:
        yield from flow.join(work)
        cleaned = yield from flow.call(CLEAN_UP, request, "clean-again")
    return cleaned.leftovers


def _first_error(outcome: Outcome) -> BuildError | None:
    return next((BuildError.from_detail(output.error) for output in outcome.outputs if output.error), None)


def _state(outcome: Outcome) -> RunState:
    """Return how the targets' outcomes add up. A target counts as made once its image exists somewhere."""
    if all(output.error is None for output in outcome.outputs):
        return RunState.SUCCEEDED
    made = any(output.artifact_id or output.artifact_uri for output in outcome.outputs)
    return RunState.PARTIALLY_SUCCEEDED if made else RunState.FAILED
