"""Waiting for what other processes and threads do: for a condition, never for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.01


def until(seen: Callable[[], Any], *, within: float = 60) -> Any:
    """Return the first true value of `seen`. A test that waits in vain, for `within` seconds, fails and says so."""
    deadline = time.monotonic() + within
    while not (value := seen()):
        assert time.monotonic() < deadline, f"waited {within:g} s in vain"
        time.sleep(PAUSE)
    return value
