"""A lock file that one process holds at a time; the kernel releases it however its holder ends.

It must not know what the lock is for.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def hold(file: Path, taken: Callable[[str], Exception]) -> Iterator[None]:
    """Hold the file, whose folder must be there. Raises the error that `taken` makes of the holder's process id."""
    with file.open("a+") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            opened.seek(0)
            raise taken(opened.read().strip()) from None
        opened.truncate(0)
        opened.write(f"{os.getpid()}\n")
        opened.flush()
        yield


def is_held(file: Path) -> bool:
    """Whether a process holds the file, which need not be there."""
    if not file.exists():
        return False
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
