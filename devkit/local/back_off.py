"""How long to wait before a part that ended is started again. Pure: the times are given.

It must not know which part it is.
"""

from __future__ import annotations

from dataclasses import dataclass

_FIRST = 0.5
_LONGEST = 30.0
_STABLE = 60.0


@dataclass
class BackOff:
    """Doubling delays, from half a second to half a minute, and from the start again after a minute's good run."""

    _next: float = _FIRST

    def after(self, lived: float) -> float:
        """Return the seconds to wait after the part lived for `lived` seconds."""
        delay = _FIRST if lived >= _STABLE else self._next
        self._next = min(delay * 2, _LONGEST)
        return delay
