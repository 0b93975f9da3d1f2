"""Waits for what Azure or a machine is doing, be it an operation or whatever a check asks for, with a deadline.

Ask, sleep, ask again: a wait is an instance of its own that begins anew every few questions, so that hours of waiting
cost the build's history nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from kiln.contracts.base import CHECK_OPERATION, WAIT, OperationCheck, Progress, WaitRequest, encoded
from kiln.errors import BuildError, DeadlineExceeded
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from kiln.contracts.base import Activity, Listener, Operation
    from kiln.ids import Owner
    from orchestrators.flow import Branch, Steps

RequestT = TypeVar("RequestT", bound=BaseModel)

OPERATION_LIMIT = timedelta(hours=1)
"""The time limit of one long-running operation of Azure, unless the caller names another."""

SECOND_LOOK = timedelta(seconds=0.5)
"""The pause after the first look at such an operation, unless Azure names another."""

QUESTIONS = 40
"""Questions in one generation; replay time grows with the square of it."""

FIRST_PAUSE = timedelta(seconds=0.5)
GROWTH = 1.5
LONGEST_PAUSE = timedelta(seconds=10)
"""The longest pause between questions where Azure does not say when to ask again."""


def complete(
    flow: Flow,
    activity: Activity[RequestT, Operation],
    request: RequestT,
    *,
    owner: Owner | None,
    within: timedelta = OPERATION_LIMIT,
) -> Steps[None]:
    """Start a long-running operation of Azure and wait for its end. With `owner`, it is given up once that is.

    Most are over when Azure is first asked, at the time that it named: only the others get an instance to wait in.
    """
    operation = yield from flow.run(activity, request)
    if operation.url is None:
        return
    asked = OperationCheck(owner=owner, operation=operation)
    yield from flow.sleep(timedelta(seconds=operation.retry_after))
    first = yield from flow.run(CHECK_OPERATION, asked)
    if first.done:
        return
    delay = max(first.retry_after, SECOND_LOOK.total_seconds())
    yield from wait(flow, CHECK_OPERATION, asked, doing=operation.doing, within=within, first_delay=delay)


def complete_each(
    flow: Flow, activity: Activity[RequestT, Operation], requests: list[RequestT]
) -> Steps[list[BuildError | None]]:
    """Start operations of Azure in parallel and wait for the end of all; return each one's error, in order."""
    outcomes = yield from flow.run_each(activity, requests)
    branches = {
        at: waiting(
            flow,
            CHECK_OPERATION,
            OperationCheck(operation=outcome),
            doing=outcome.doing,
            within=OPERATION_LIMIT,
            first_delay=outcome.retry_after,
        )
        for at, outcome in enumerate(outcomes)
        if not isinstance(outcome, BuildError) and outcome.url is not None
    }
    ends = dict(zip(branches, (yield from flow.gather(list(branches.values()))), strict=True))
    found = [ends.get(at, outcome) for at, outcome in enumerate(outcomes)]
    return [outcome if isinstance(outcome, BuildError) else None for outcome in found]


def wait(
    flow: Flow,
    check: Activity[RequestT, Progress],
    request: RequestT,
    *,
    doing: str,
    within: timedelta,
    first_delay: float = 0.0,
    listener: Listener | None = None,
) -> Steps[Progress]:
    """Ask `check` until it is done, in a sub-orchestration of its own. Raises `DeadlineExceeded`."""
    branch = waiting(flow, check, request, doing=doing, within=within, first_delay=first_delay, listener=listener)
    return (yield from flow.result(branch))


def waiting(
    flow: Flow,
    check: Activity[RequestT, Progress],
    request: RequestT,
    *,
    doing: str,
    within: timedelta,
    first_delay: float = 0.0,
    listener: Listener | None = None,
) -> Branch[Progress]:
    """Prepare what `wait` does, to run beside its siblings."""
    asked = WaitRequest(
        check=check.name,
        payload=encoded(request),
        doing=doing,
        within=within.total_seconds(),
        first_delay=first_delay,
        listener=listener,
    )
    return flow.begin_next(WAIT, asked, "w")


@orchestrator(WAIT)
def ask_until_done(flow: Flow, request: WaitRequest) -> Steps[Progress]:
    """Ask `request.check` until it is done. Raises its `BuildError`, or `DeadlineExceeded`."""
    deadline = _deadline(flow, request)
    yield from flow.sleep(timedelta(seconds=request.first_delay))
    pause = FIRST_PAUSE if request.deadline is None else LONGEST_PAUSE
    told = request.told
    for _ in range(QUESTIONS):
        progress = yield from flow.ask(request.check, request.payload, Progress)
        if progress.done:
            return progress
        if request.listener is not None and progress.note not in {None, told}:
            told = progress.note
            yield from flow.enter(request.listener.run, request.listener.phase, f"{request.listener.about}: {told}")
        if flow.now >= deadline:
            last = f" The last answer: {progress.note}" if progress.note else ""
            raise DeadlineExceeded(f"It took longer than {_span(request.within)} to {request.doing}.{last}")
        asked = timedelta(seconds=progress.retry_after)
        yield from flow.sleep(min(asked or pause, max(deadline - flow.now, timedelta(seconds=1))))
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    later = {"deadline": deadline.isoformat(), "first_delay": 0.0, "told": told}
    flow.start_over(request.model_copy(update=later))
    return Progress(done=False)


def _deadline(flow: Flow, request: WaitRequest) -> datetime:
    if request.deadline is not None:
        return datetime.fromisoformat(request.deadline)
    return flow.now + timedelta(seconds=request.within)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"  # noqa: PLR2004 - two minutes
