"""Plans of runs in the store: each is made once and kept whole, and the run's activities read it from here.

This module decides where a plan is stored; kiln/planner/plan.py says what is in one.
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
    """The stored plans of runs. A plan is deleted together with its run."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(run: RunRef) -> str:
        """Return the path of a run's plan in the store."""
        return f"plans/{run.template.key}/{run.run_id}.json"

    def require(self, run: RunRef) -> WholePlan:
        """Return the run's plan. Raises `InternalFailure` if it is missing: it is kept until the run is purged."""
        stored = self._store.get(self.path(run), WholePlan)
        if stored is None:
            raise InternalFailure(f"The plan of run {run.run_id} is not in the store any more.")
        return stored.content

    def made_once(self, run: RunRef, make: Callable[[], WholePlan]) -> WholePlan:
        """Return the run's plan, which the first call makes and stores. Of two calls at once, one's plan is kept."""
        stored = self._store.get(self.path(run), WholePlan)
        if stored is not None:
            return stored.content
        plan = make()
        with contextlib.suppress(PreconditionFailed):  # the same activity, which may run twice, stored it first
            self._store.create(self.path(run), plan)
            return plan
        return self.require(run)

    def forget(self, run: RunRef) -> None:
        """Remove the run's plan; it may be gone already."""
        self._store.delete(self.path(run))
