"""A thread that wakes instances when their timers are due.

It owns the order of due times and one thread; it must not know what a wake-up does.
"""

from __future__ import annotations

import heapq
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from devkit.host.clock import Clock


class Timers:
    """Due times of instances; `wake` is called with an instance's id once the clock has reached its time."""

    def __init__(self, clock: Clock, wake: Callable[[str], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[datetime, str]] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is not due yet stays in the store."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def add(self, timers: Iterable[tuple[datetime, str]]) -> None:
        """Wake these instances at these times."""
        with self._changed:
            for item in timers:
                heapq.heappush(self._heap, item)
            self._changed.notify_all()

    def _run(self) -> None:
        while (instance_id := self._next_due()) is not None:
            self._wake(instance_id)

    def _next_due(self) -> str | None:
        with self._changed:
            while not self._stopping:
                if self._heap and self._heap[0][0] <= self._clock.now():
                    return heapq.heappop(self._heap)[1]
                self._clock.wait(self._changed, self._heap[0][0] if self._heap else None)
        return None
