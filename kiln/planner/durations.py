"""Durations as the template language writes them: a number and a unit, `90s`, `5m`, `2h`."""

from __future__ import annotations

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(duration: str) -> int:
    """Return a duration in seconds."""
    return int(duration[:-1]) * _UNITS[duration[-1]]
