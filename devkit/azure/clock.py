"""The local Azure's time: seconds since the epoch, and how ARM writes them.

It owns the two forms; it must not know who asks.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Return the time in seconds since the epoch."""
    return time.time()


def iso(seconds: float) -> str:
    """Write a time as ARM does: UTC, ISO 8601, microseconds and an offset."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
