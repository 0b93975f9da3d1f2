"""One host to a task hub: two on one database would each run what the other does.

It must not know what is in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit import one_holder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path


class DatabaseTaken(RuntimeError):
    """Another host runs on the database; the message names both."""


def hold(database: Path) -> AbstractContextManager[None]:
    """Hold the database, for which its folder must be there. Entering raises DatabaseTaken."""

    def taken(process: str) -> DatabaseTaken:
        return DatabaseTaken(
            f"another host (process {process}) runs on {database}: stop it, or choose another with --db"
        )

    return one_holder.hold(database.with_name(f"{database.name}.lock"), taken)
