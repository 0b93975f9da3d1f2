"""Two who work by turns: each in a thread of its own, of which one moves at a time, until it stops or has ended.

It owns whose turn it is; it must not know what they do. Work that an activity does side by side is done here one after
the other, so that a party's accesses come in the same order each time.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.pairs.access import Access

LONGEST_MOVE = 90.0
"""Seconds; a longer move counts as hung."""


@dataclass
class Party:
    """One of the two parties. It stops before its nth access that is `contested`, counted from 1; None: nowhere."""

    name: str
    work: Callable[[], None]
    contested: Callable[[Access], bool] = lambda _: False
    stop: int | None = None
    hold: Callable[[Access], None] | None = None
    """Called instead of the stop, if given; then the access is made, and the party stops before its next activity."""
    accesses: list[tuple[str, Access]] = field(default_factory=list)
    """Its accesses so far, each with the activity that made it."""
    activity: str = ""
    ended: bool = False
    error: BaseException | None = None
    _met: int = 0
    _stops_soon: bool = False
    _may_go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _has_gone: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None

    def move(self) -> bool:
        """Let it go on until it stops or ends; return whether it has ended. Raises what its work raises."""
        if self.ended:
            return True
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, name=f"party {self.name}", daemon=True)
            self.thread.start()
        else:
            self._may_go.release()
        if not self._has_gone.acquire(timeout=LONGEST_MOVE):
            raise TimeoutError(f"{self.name} neither stops nor ends after {LONGEST_MOVE:g} s in {self.activity}")
        if self.ended:
            self.thread.join()
        if self.error is not None:
            raise self.error
        return self.ended

    def reach(self, access: Access) -> None:
        """Note an access that is about to be made, and wait there for a turn if it is the one to stop at."""
        self.accesses.append((self.activity, access))
        if not self.contested(access):
            return
        self._met += 1
        if self._met != self.stop:
            return
        if self.hold is None:
            self._wait()
            return
        self.hold(access)
        self._stops_soon = True

    def enter(self, activity: str) -> None:
        """Begin an activity, and wait for a turn before that if it is to stop there."""
        if self._stops_soon:
            self._stops_soon = False
            self._wait()
        self.activity = activity

    def _wait(self) -> None:
        self._has_gone.release()
        self._may_go.acquire()

    def _run(self) -> None:
        _MOVING.set(self)
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001  # it is raised where the party is moved
            self.error = error
        self.ended = True
        self._has_gone.release()


_MOVING: ContextVar[Party | None] = ContextVar("party", default=None)
"""The party whose thread this is; accesses in other threads, of a judge or a poller, are nobody's."""


def reach(access: Access) -> None:
    """Tell the party that moves of an access that is about to be made."""
    if party := _MOVING.get():
        party.reach(access)


def enter(activity: str) -> None:
    """Tell the party that moves which activity begins."""
    if party := _MOVING.get():
        party.enter(activity)


@contextmanager
def in_a_row() -> Iterator[None]:
    """Let a party's pools of threads do their work one after the other, in the party's own thread."""
    submit = ThreadPoolExecutor.submit

    def at_once(pool: ThreadPoolExecutor, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        if _MOVING.get() is None:
            return submit(pool, work, *given, **named)
        future: Future[Any] = Future()
        try:
            future.set_result(work(*given, **named))
        except BaseException as error:  # noqa: BLE001  # as the pool's own threads do
            future.set_exception(error)
        return future

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "submit", at_once)
        yield
