"""Waiting for what other processes and threads do: for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST = 0.01
LONGEST = 0.25
"""Seconds between two looks. A look costs those whom it is for some of the machine, all the more if it is a request."""


def until(seen: Callable[[], Any], *, within: float = 60, longest: float = LONGEST) -> Any:
    """Return the first true value of `seen`. A test that waits in vain, for `within` seconds, fails and says so.

    It looks the less often the longer it has waited: once in a fifth of that time, and in `longest` at the most.
    """
    started = time.monotonic()
    while not (value := seen()):
        waited = time.monotonic() - started
        assert waited < within, f"waited {within:g} s in vain"
        time.sleep(min(max(SHORTEST, waited / 5), longest))
    return value
