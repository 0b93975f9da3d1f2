"""One `kiln local up` to a data folder: a lock that its holder's end releases, whatever that end is.

It must not know what the data is.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = "lock"


class AlreadyRunning(RuntimeError):
    """Another process holds the data folder; the message names it."""


@contextmanager
def hold(data: Path) -> Iterator[None]:
    """Hold the data folder, which is made if it is not there. Raises AlreadyRunning."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / _NAME).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(
                f"`kiln local up` already runs on {data} (process {file.read().strip()}): "
                "stop it, or choose another folder with --data"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def is_held(data: Path) -> bool:
    """Say whether a `kiln local up` runs on this data folder."""
    if not (data / _NAME).exists():
        return False
    with (data / _NAME).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
