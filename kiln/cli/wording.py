"""Words for numbers and names: durations, sizes, states, first sentences. Pure text, no terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

MINUTE = 60
HOUR = 3600
KIB = 1024


def duration(seconds: float) -> str:
    """Return a length of time: `0.4 s`, `12 s`, `3 min 04 s`, `1 h 02 min`."""
    if seconds < 9.95:  # noqa: PLR2004 - below, a tenth is shown; 9.95 would read 10.0
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"


def ticking(seconds: float) -> str:
    """Return a length of time that is still growing, in whole seconds, so that it ticks."""
    whole = max(int(seconds), 0)
    return f"{whole} s" if whole < MINUTE else duration(whole)


def between(start: datetime, end: datetime) -> str:
    """Return the time between two moments in words."""
    difference: timedelta = end - start
    return duration(difference.total_seconds())


def moment(at: datetime) -> str:
    """Return a moment, in UTC, to the second."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def state(name: str) -> str:
    """Return a state's name as words: `PartiallySucceeded` is `partially succeeded`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, which may have several lines."""
    return re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0]


def size(count: int) -> str:
    """Return a number of bytes in binary units: `512 B`, `1.5 GiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < KIB:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= KIB
    return f"{value:.1f} GiB"
