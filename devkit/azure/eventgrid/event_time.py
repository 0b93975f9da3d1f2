"""Event Grid's time, by which deliveries are due: the clock's, and an offset by which it was moved forward.

It owns the offset, which outlives a restart as the due times do; it must not know what is due.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from devkit.azure import clock

if TYPE_CHECKING:
    from devkit.azure.store import Store

_KIND, _KEY = "eventTime", "offset"


class EventTime:
    """Event Grid's time in seconds since the epoch; `advance` moves it, and ends waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset = sum(float(body["seconds"]) for _, body in store.records(_KIND))
        self._changed = asyncio.Event()

    def now(self) -> float:
        """Return the time."""
        return clock.now() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self._offset += seconds
        self._store.record(_KIND, _KEY, {"seconds": self._offset})
        self.wake()

    def wake(self) -> None:
        """End a wait: what it waits for may have changed."""
        self._changed.set()

    async def wait_until(self, moment: float | None) -> None:
        """Wait until the time is `moment` (None: for ever), or until `wake`, also if that came before this call."""
        seconds = None if moment is None else max(0.0, moment - self.now())
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
        self._changed.clear()
