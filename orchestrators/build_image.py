"""A build from its request to its end: plan and make the image, clean up, record the result.

The work ends by itself, by a cancel or by the deadline, whichever is first. Clean-up runs in each case. It begins by
closing the run's ledger: work that is still going can make nothing more after that, and ends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from kiln.contracts.base import Nothing
from kiln.contracts.clean_up import CLEAN_UP, CleanedUp, CloseRequest
from kiln.contracts.runs import (
    BEGIN_RUN,
    BUILD_IMAGE,
    CANCEL,
    FINISH_RUN,
    MAKE_IMAGE,
    REPORT_STOP,
    BuildRequest,
    FinishReport,
    Outcome,
    ProgressReport,
    RunTerms,
    StopReport,
)
from kiln.errors import BuildError, CustomizerFailed, RunCanceled, ValidatorFailed
from kiln.runs.record import Phase, RunState
from orchestrators.flow import Branch, Flow, orchestrator

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from orchestrators.flow import Steps

Purposes = tuple[Literal["build", "validation"], ...]


@orchestrator(BUILD_IMAGE, root=True)
def build_image(flow: Flow, request: BuildRequest) -> Steps[Nothing]:
    """Build one image. The run's record says how it ended; this never raises for a failed build."""
    run = request.run
    terms: RunTerms | None = None
    work: Branch[Outcome] | None = None
    error: BuildError | None = None
    outcome = Outcome()
    try:
        terms = yield from flow.run(BEGIN_RUN, ProgressReport(run=run, phase=Phase.PLAN, at=flow.stamp))
        work = flow.begin(MAKE_IMAGE, request, "make")
        outcome = yield from _race(flow, run, terms, work)
        error = _first_error(outcome)
        state = _state(outcome)
    except BuildError as stopped:
        error, state = stopped, RunState.CANCELED if isinstance(stopped, RunCanceled) else RunState.FAILED
        yield from flow.run(
            REPORT_STOP,
            StopReport(run=run, at=flow.stamp, error=stopped.detail, canceled=isinstance(stopped, RunCanceled)),
        )
    cleaned = yield from _clean_up(flow, run, work, _kept(terms, error))
    report = FinishReport(
        run=run,
        at=flow.stamp,
        state=state,
        message=_message(error, cleaned),
        error=error.detail if error else None,
        outputs=outcome.outputs,
        leftovers=cleaned.leftovers,
        kept=cleaned.kept,
    )
    yield from flow.run(FINISH_RUN, report)
    return Nothing()


def _race(flow: Flow, run: RunRef, terms: RunTerms, work: Branch[Outcome]) -> Steps[Outcome]:
    within = timedelta(minutes=terms.timeout_minutes)
    return (yield from flow.race(work, run=run, cancel=CANCEL, within=within))


def _clean_up(flow: Flow, run: RunRef, work: Branch[Outcome] | None, keep: Purposes) -> Steps[CleanedUp]:
    """Delete what the run made. Work that was cut off may be within a call: wait for its end, then delete once more."""
    racing = work is not None and not work.task.is_completed
    request = CloseRequest(run=run, keep=keep)
    yield from flow.enter(run, Phase.CLEAN_UP)
    cleaned = yield from flow.call(CLEAN_UP, request, "clean")
    if work is not None and racing:
        yield from flow.join(work)
        cleaned = yield from flow.call(CLEAN_UP, request, "clean-again")
    return cleaned


def _kept(terms: RunTerms | None, error: BuildError | None) -> Purposes:
    """Return the machine to keep for inspection: the one in which a script failed, if the template asks for that."""
    if terms is None:
        return ()
    match error:
        case ValidatorFailed():
            return ("validation",) if terms.keep_on_validation_error else ()
        case CustomizerFailed():
            return ("build",) if terms.keep_on_customizer_error else ()
        case _:
            return ()


def _message(error: BuildError | None, cleaned: CleanedUp) -> str:
    told = [error.detail.sentence()] if error else []
    if cleaned.kept:
        what = ", ".join(cleaned.kept)
        told.append(
            f"As errorHandling says, this was kept: {what}. It costs money until you delete it or the template."
        )
    return " ".join(told)


def _first_error(outcome: Outcome) -> BuildError | None:
    """Return the run's error: the failed validation's, else that of the first target that failed."""
    errors = [outcome.invalid, *(output.error for output in outcome.outputs)]
    return next((BuildError.from_detail(error) for error in errors if error), None)


def _state(outcome: Outcome) -> RunState:
    """Return the run's state by its outcomes. A target counts as made once its image exists somewhere."""
    if outcome.invalid is not None:
        return RunState.FAILED
    if all(output.error is None for output in outcome.outputs):
        return RunState.SUCCEEDED
    made = any(output.artifact_id or output.artifact_uri for output in outcome.outputs)
    return RunState.PARTIALLY_SUCCEEDED if made else RunState.FAILED
