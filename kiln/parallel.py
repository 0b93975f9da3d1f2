"""Parallel calls, one for each item, each with a time limit: one that fails or hangs does not affect the others.

A call that exceeds its limit goes on in its thread until its own limits end it, so every call must be safe to repeat.
kiln.lifecycle.parallel does the same for coroutines.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

AT_ONCE = 16
SECONDS = 30.0
"""The time limit of one call, unless the caller gives another."""

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Attempt(Generic[ItemT, ResultT]):
    """One call for one item: what it returned, or the fault that it ended in."""

    item: ItemT
    result: ResultT | None = None
    fault: Exception | None = None


class TookTooLong(Exception):
    """A call did not end within its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it took longer than {seconds:g} seconds")


def run_each(
    items: Iterable[ItemT], call: Callable[[ItemT], ResultT], *, at_once: int = AT_ONCE, seconds: float = SECONDS
) -> list[Attempt[ItemT, ResultT]]:
    """Call `call` for each item, at most `at_once` at the same time, and return the attempts in the order of the items.

    A call that takes longer than `seconds` has the fault `TookTooLong`.
    """
    todo = list(enumerate(items))[::-1]
    attempts: dict[int, Attempt[ItemT, ResultT]] = {}
    ended: queue.SimpleQueue[tuple[int, Attempt[ItemT, ResultT]]] = queue.SimpleQueue()
    going: dict[int, tuple[ItemT, float]] = {}

    def run(at: int, item: ItemT) -> None:
        try:
            ended.put((at, Attempt(item, result=call(item))))
        except Exception as error:  # noqa: BLE001 - the caller is told of whatever it is, in the attempt
            ended.put((at, Attempt(item, fault=error)))

    while todo or going:
        while todo and len(going) < at_once:
            at, item = todo.pop()
            going[at] = (item, time.monotonic() + seconds)
            threading.Thread(target=run, args=(at, item), name="attempt", daemon=True).start()
        try:
            at, outcome = ended.get(timeout=max(min(until for _, until in going.values()) - time.monotonic(), 0.0))
        except queue.Empty:
            for late in [at for at, (_, until) in going.items() if until <= time.monotonic()]:
                item, _ = going.pop(late)
                attempts[late] = Attempt(item, fault=TookTooLong(seconds))
        else:
            if going.pop(at, None) is not None:
                attempts[at] = outcome
    return [attempts[at] for at in sorted(attempts)]


def run_within(seconds: float, call: Callable[[], ResultT]) -> ResultT:
    """Return the result of one call with a time limit. Raises its exception, or `TookTooLong`."""
    (only,) = run_each([None], lambda _: call(), seconds=seconds)
    if only.fault is not None:
        raise only.fault
    return only.result  # type: ignore[return-value]  # without a fault it is the result of `call`, which may be None
