"""Follow a submission, a run or its log to the end: when to ask again, and how long to retry a failing connection.

It only owns the timing; progress.py shows what is found, and time comes from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from kiln.cli.faults import Failure, Refused, Unreachable
from kiln.cli.views import UNDER_WAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiln.cli.views import LogChunk

FIRST_LOOK = 0.5
LONGEST_LOOK = 3.0
SLOWER = 1.25
"""The first and the longest pause between two looks, in seconds, and the factor of its growth while nothing changes."""
FIRST_RETRY = 1.0
LONGEST_RETRY = 30.0
PATIENCE = 600.0
"""The first and the longest pause before a retry, and how long retries go on in all, in seconds."""
LOG_LOOK = 1.0
"""How long to wait before asking again for a log that has nothing new, in seconds."""
BUSY = frozenset({408, 429})


class Followed(Protocol):
    """A run or a submission: something that is looked at until it is over."""

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""


FollowedT = TypeVar("FollowedT", bound=Followed)


@dataclass(frozen=True)
class Seen(Generic[FollowedT]):
    """The current state of the run or submission that is followed."""

    found: FollowedT


@dataclass(frozen=True)
class Trouble:
    """A look failed; the next one is in `retry_in` seconds."""

    reason: str
    retry_in: float


class Patience:
    """The pauses after failed looks; they end after `PATIENCE` seconds without an answer."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._retry = FIRST_RETRY
        self.waited = 0.0

    def bear(self, failure: Failure) -> Trouble:
        """Return the trouble to show before `wait`. Raises `failure` if waiting cannot help, or has lasted too long."""
        if not _may_pass(failure) or self.waited >= PATIENCE:
            raise failure
        return Trouble(failure.message, self._retry)

    def wait(self) -> None:
        """Wait; the next wait is longer."""
        self._sleep(self._retry)
        self.waited += self._retry
        self._retry = min(self._retry * 2, LONGEST_RETRY)


def follow(look: Callable[[], FollowedT], sleep: Callable[[float], None]) -> Iterator[Seen[FollowedT] | Trouble]:
    """Yield the state of a run or submission each time it changed, and each failed look, until it is over.

    Raises the `Failure` of a look if waiting cannot help, or has not helped for `PATIENCE` seconds.
    """
    last: FollowedT | None = None
    pause = FIRST_LOOK
    patience = Patience(sleep)
    while True:
        try:
            found = look()
        except Failure as failure:
            yield patience.bear(failure)
            patience.wait()
            last = None  # so that the next answer is shown, changed or not
            continue
        patience = Patience(sleep)
        if found != last:
            yield Seen(found)
            pause = FIRST_LOOK
        if found.is_over:
            return
        last = found
        sleep(pause)
        pause = min(pause * SLOWER, LONGEST_LOOK)


def follow_log(
    look: Callable[[int], LogChunk], sleep: Callable[[float], None], *, keep_on: bool
) -> Iterator[LogChunk | Trouble]:
    """Yield each new part of a log up to its end; with `keep_on`, until its run is over, too.

    Raises the `Failure` of a look as `follow` does.
    """
    offset = 0
    patience = Patience(sleep)
    while True:
        try:
            chunk = look(offset)
        except Failure as failure:
            yield patience.bear(failure)
            patience.wait()
            continue
        patience = Patience(sleep)
        if chunk.next_offset > offset:
            offset = chunk.next_offset
            yield chunk
        elif not keep_on or chunk.run_state not in UNDER_WAY:
            return
        else:
            sleep(LOG_LOOK)


def _may_pass(failure: Failure) -> bool:
    """Return whether the same call may succeed later."""
    if isinstance(failure, Refused):
        return failure.status in BUSY or failure.status >= 500  # noqa: PLR2004 - the server's own errors
    return isinstance(failure, Unreachable)
