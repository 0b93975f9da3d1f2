"""The cache of things that take long to make: each is made once, by one process, and appears only when complete.

It owns locking and atomic appearance; it must not know what the entries are.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def default_cache() -> Path:
    """Return the user's cache directory for Kiln: $KILN_CACHE_DIR, else ~/.cache/kiln."""
    configured = os.environ.get("KILN_CACHE_DIR")
    return Path(configured) if configured else Path.home() / ".cache" / "kiln"


async def build_once(entry: Path, build: Callable[[Path], Awaitable[None]]) -> None:
    """Make the directory `entry` by `build`, unless it is there. A second process waits for the first."""
    if entry.exists():
        return
    entry.parent.mkdir(parents=True, exist_ok=True)
    with entry.with_suffix(".lock").open("w") as lock:
        # In a thread: the wait for another process's build must not stop this one's event loop.
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if entry.exists():
            return
        partial = entry.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        await build(partial)
        partial.rename(entry)
