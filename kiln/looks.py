"""Looks at many things side by side, each with a bound: one that fails or hangs costs the others nothing.

A look that is given up goes on in its thread until its own limits end it, so whatever looks must be safe to repeat.
It knows nothing of what is looked at.
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
"""For one look, unless the caller knows better."""

ItemT = TypeVar("ItemT")
FoundT = TypeVar("FoundT")


@dataclass(frozen=True)
class Look(Generic[ItemT, FoundT]):
    """One look: what it found, or the fault that kept it from finding anything."""

    item: ItemT
    found: FoundT | None = None
    fault: Exception | None = None


class TookTooLong(Exception):
    """A look did not end within its bound."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it took longer than {seconds:g} seconds")


def look_at_each(
    items: Iterable[ItemT], look: Callable[[ItemT], FoundT], *, at_once: int = AT_ONCE, seconds: float = SECONDS
) -> list[Look[ItemT, FoundT]]:
    """Look at each item, `at_once` side by side, and return all looks in the order of the items."""
    todo = list(enumerate(items))[::-1]
    looks: dict[int, Look[ItemT, FoundT]] = {}
    ended: queue.SimpleQueue[tuple[int, Look[ItemT, FoundT]]] = queue.SimpleQueue()
    going: dict[int, tuple[ItemT, float]] = {}

    def run(at: int, item: ItemT) -> None:
        try:
            ended.put((at, Look(item, found=look(item))))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this look's alone, and handed to the caller
            ended.put((at, Look(item, fault=error)))

    while todo or going:
        while todo and len(going) < at_once:
            at, item = todo.pop()
            going[at] = (item, time.monotonic() + seconds)
            threading.Thread(target=run, args=(at, item), name="look", daemon=True).start()
        try:
            at, outcome = ended.get(timeout=max(min(until for _, until in going.values()) - time.monotonic(), 0.0))
        except queue.Empty:
            for late in [at for at, (_, until) in going.items() if until <= time.monotonic()]:
                item, _ = going.pop(late)
                looks[late] = Look(item, fault=TookTooLong(seconds))
        else:
            if going.pop(at, None) is not None:
                looks[at] = outcome
    return [looks[at] for at in sorted(looks)]


def look_within(seconds: float, look: Callable[[], FoundT]) -> FoundT:
    """Return what one look finds. Raises what it raises, or `TookTooLong`."""
    (only,) = look_at_each([None], lambda _: look(), seconds=seconds)
    if only.fault is not None:
        raise only.fault
    return only.found  # type: ignore[return-value]  # without a fault it is what `look` returned, None included
