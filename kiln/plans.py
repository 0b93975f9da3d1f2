"""Plans of runs in the store: each is made once and kept whole, and a run's activities read from it.

It owns where a plan is; what is in one is kiln/planner/plan.py's.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kiln.errors import InternalFailure, PreconditionFailed
from kiln.planner.plan import WholePlan
from kiln.runs.documents import Documents, documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.ids import RunRef


class Plans:
    """The plans of runs. They go with their runs."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(run: RunRef) -> str:
        """Return where a run's plan is."""
        return f"plans/{run.template.key}/{run.run_id}.json"

    def require(self, run: RunRef) -> WholePlan:
        """Return the run's plan. Raises `InternalFailure` when it is not there, which it is until its run is purged."""
        stored = self._store.get(self.path(run), WholePlan)
        if stored is None:
            raise InternalFailure(f"The plan of run {run.run_id} is not in the store any more.")
        return stored.content

    def made_once(self, run: RunRef, make: Callable[[], WholePlan]) -> WholePlan:
        """Return the run's plan; the first time it is made, and stored. Of two who make it at once, one's counts."""
        stored = self._store.get(self.path(run), WholePlan)
        if stored is not None:
            return stored.content
        plan = make()
        with contextlib.suppress(PreconditionFailed):  # this very activity, run twice, stored it first
            self._store.create(self.path(run), plan)
            return plan
        return self.require(run)

    def forget(self, run: RunRef) -> None:
        """Remove the run's plan; it may be gone already."""
        self._store.delete(self.path(run))
