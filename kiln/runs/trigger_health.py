"""The health of a trigger: whether it is deactivated. It is derived from the template's runs; nothing is stored.

A trigger is deactivated by its own failed runs in a row. The row ends with any run that succeeds, whoever asked for it,
and when the trigger is stored again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.runs.record import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from kiln.runs.record import RunRecord

GOOD = frozenset({RunState.SUCCEEDED, RunState.PARTIALLY_SUCCEEDED})


@dataclass(frozen=True)
class Health:
    """A trigger's failed runs in a row, counted up to `limit`, and the latest of them."""

    failures: int
    limit: int
    last: RunRecord | None = None

    @property
    def is_deactivated(self) -> bool:
        """Whether the trigger is deactivated: it has failed `limit` times in a row."""
        return self.failures >= self.limit

    @property
    def message(self) -> str:
        """The reason why the trigger is deactivated, and how it is activated again, in sentences."""
        last = f"; the last was {self.last.run_id}" if self.last else ""
        return (
            f"Trigger is deactivated: {self.failures} of its runs failed in a row{last}. "
            "A run that succeeds activates it again, and so does storing the trigger anew."
        )


def health(runs: Iterable[RunRecord], trigger: str, since: datetime, limit: int) -> Health:
    """Return the health of a trigger that was stored at `since`; `runs` are its template's runs, newest first.

    No more of `runs` are read than are needed. Canceled runs, and those that are going, do not count.
    """
    failures, last = 0, None
    for run in runs:
        if run.state in GOOD or (run.ended is not None and run.ended < since):
            break
        if (
            run.requested < since
            or run.state is not RunState.FAILED
            or run.cause is None
            or run.cause.trigger.lower() != trigger.lower()
        ):
            continue
        failures, last = failures + 1, last or run
        if failures >= limit:
            break
    return Health(failures=failures, limit=limit, last=last)
