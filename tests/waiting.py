"""Waiting for other processes and threads: for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST = 0.01
LONGEST = 0.25
"""Seconds between two looks at most. Each look takes some of the machine from those that are waited for."""


def until(seen: Callable[[], Any], *, within: float = 60, longest: float = LONGEST) -> Any:
    """Return the first true value of `seen`. A test that waits in vain, for `within` seconds, fails and says so.

    The longer it has waited, the less often it looks: after a fifth of that time, and after `longest` at the most.
    """
    started = time.monotonic()
    while not (value := seen()):
        waited = time.monotonic() - started
        assert waited < within, f"waited {within:g} s in vain"
        time.sleep(min(max(SHORTEST, waited / 5), longest))
    return value
