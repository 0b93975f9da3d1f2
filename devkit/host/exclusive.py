"""One host to a task hub: a lock beside its database, which the kernel releases however its holder ends.

Two hosts on one database would each run what the other does. It must not know what is in the database.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class DatabaseTaken(RuntimeError):
    """Another host runs on the database; the message names both."""


@contextmanager
def hold(database: Path) -> Iterator[None]:
    """Hold the database, for which its folder must be there. Raises DatabaseTaken."""
    with database.with_name(f"{database.name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DatabaseTaken(
                f"another host (process {file.read().strip()}) runs on {database}: stop it, or choose another with --db"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
