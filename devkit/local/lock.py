"""The lock on a data folder, which lets one `kiln local up` run on it.

It must not know what the data is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit import one_holder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_NAME = "lock"


class AlreadyRunning(RuntimeError):
    """Another process holds the data folder; the message names it."""


def hold(data: Path) -> AbstractContextManager[None]:
    """Hold the data folder, which is made if it is not there. Entering raises AlreadyRunning."""

    def taken(process: str) -> AlreadyRunning:
        return AlreadyRunning(
            f"`kiln local up` already runs on {data} (process {process}): stop it, or choose another folder with --data"
        )

    data.mkdir(parents=True, exist_ok=True)
    return one_holder.hold(data / _NAME, taken)


def is_held(data: Path) -> bool:
    """Whether a `kiln local up` runs on this data folder."""
    return one_holder.is_held(data / _NAME)
