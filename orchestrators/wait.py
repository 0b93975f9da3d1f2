"""Wait for something that Azure or a machine is doing: ask, sleep, ask again, with a deadline.

A wait is an instance of its own that begins anew every few questions, so that hours of waiting cost the build's history
nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import WAIT, Progress, WaitRequest
from kiln.errors import DeadlineExceeded
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

QUESTIONS = 40
"""Asked in one generation; replay time grows with the square of it."""

FIRST_PAUSE = timedelta(seconds=0.5)
GROWTH = 1.5
LONGEST_PAUSE = timedelta(seconds=10)
"""Used where Azure does not say when to ask again."""


@orchestrator(WAIT)
def wait(flow: Flow, request: WaitRequest) -> Steps[Progress]:
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
