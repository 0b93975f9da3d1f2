"""The sweeper's part in a case: it ends runs and submissions that Kiln could not end for want of its records.

It must not know what went wrong.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import orchestrators
from devkit.host.testing import FlowRunner, VirtualClock
from kiln.lifecycle.lost import reconcile_lost
from kiln.lifecycle.maintenance import SWEEP_INSTANCE
from kiln.lifecycle.orchestrations import RuntimeStatus
from kiln.sweep.contracts import SWEEP, LostRun, LostTemplate, SweepRequest
from kiln.sweep.models import GRACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.ids import RunRef, TemplateId


class _Broken:
    """A durable client for which every orchestration has failed."""

    async def status(self, _: str) -> RuntimeStatus:
        """Return that the orchestration has failed."""
        return RuntimeStatus.FAILED


def end_run(run: RunRef, activities: dict[str, Callable[[Any], Any]]) -> None:
    """Sweep at a time at which everything is old enough, with one run whose orchestration is over, though it is not."""
    runner = FlowRunner(
        list(orchestrators.blueprints), activities, VirtualClock(datetime.now(UTC) + 2 * GRACE), replay_once=True
    )
    request = SweepRequest(lost=(LostRun(run=run, status=RuntimeStatus.FAILED.value),))
    result = runner.run(SWEEP.name, request.model_dump(mode="json"), instance_id=SWEEP_INSTANCE)
    assert result.status == "Completed", result.error


def end_submission(template: TemplateId) -> None:
    """End the submission of a template whose orchestration is over, though the submission is not."""
    lost = LostTemplate(template=template, what="submission", status=RuntimeStatus.FAILED.value)
    asyncio.run(reconcile_lost(cast("Any", _Broken()), (lost,), datetime.now(UTC)))
