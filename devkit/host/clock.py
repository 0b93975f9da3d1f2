"""Time for the engine: the system's clock, and a virtual one that only moves when told to.

It owns reading the time and waiting for it; it must not know what anybody waits for.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Time as the engine needs it: reading it, and waiting for it."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def wait(self, condition: threading.Condition, until: datetime | None) -> None:
        """Wait on the held `condition` until notified, or until the clock reads `until` (None: no limit)."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def wait(self, condition: threading.Condition, until: datetime | None) -> None:
        """Wait on the held `condition` until notified, or until the clock reads `until` (None: no limit)."""
        timeout = None
        if until is not None:
            # threading.TIMEOUT_MAX is far above a day, but a waiter that wakes once a day survives clock steps.
            timeout = min(max((until - self.now()).total_seconds(), 0.0), 86_400.0)
        condition.wait(timeout)


class VirtualClock:
    """A clock for tests: it stands still until `advance` or `advance_to` moves it and wakes the waiters."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._waiting: list[threading.Condition] = []

    def now(self) -> datetime:
        """Return the virtual time, aware, in UTC."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> None:
        """Move the clock forward by `by`; a negative span is a ValueError."""
        self.advance_to(self.now() + by)

    def advance_to(self, moment: datetime) -> None:
        """Move the clock forward to `moment`; a moment in the past is a ValueError."""
        with self._lock:
            if moment < self._now:
                raise ValueError(f"a clock never goes back: {moment} is before {self._now}")
            self._now = moment
            waiting = list(self._waiting)
        for condition in waiting:
            with condition:
                condition.notify_all()

    def wait(self, condition: threading.Condition, until: datetime | None) -> None:
        """Wait on the held `condition` until notified, or until the clock reads `until` (None: no limit)."""
        with self._lock:
            if until is not None and self._now >= until:
                return
            self._waiting.append(condition)
        try:
            condition.wait()
        finally:
            with self._lock:
                self._waiting.remove(condition)
