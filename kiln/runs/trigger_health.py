"""Whether a trigger still fires: derived from the template's runs, so that nothing has to be kept or put right.

A trigger is deactivated by its own failed runs in a row; any run that succeeds, whoever asked for it, ends the row, and
so does storing the trigger again.
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
    """Failed runs in a row, counted up to `limit`, and the latest of them."""

    failures: int
    limit: int
    last: RunRecord | None = None

    @property
    def is_deactivated(self) -> bool:
        """Whether the trigger fires no more."""
        return self.failures >= self.limit

    @property
    def message(self) -> str:
        """Return why it fires no more, in a sentence."""
        last = f"; the last was {self.last.run_id}" if self.last else ""
        return (
            f"Trigger is deactivated: {self.failures} of its runs failed in a row{last}. "
            "A run that succeeds activates it again, and so does storing the trigger anew."
        )


def health(runs: Iterable[RunRecord], trigger: str, since: datetime, limit: int) -> Health:
    """Return the health of a trigger that was stored at `since`; `runs` are its template's, newest first.

    No more runs are taken from `runs` than are needed. Canceled runs, and those that are going, say nothing.
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
