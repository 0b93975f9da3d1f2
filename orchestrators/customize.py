"""The template's customizers, one after the other in the build machine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import CHECK_STEP, CUSTOMIZE, START_STEP, StagedRun
from kiln.messages import Nothing, StepRequest
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

MARGIN = timedelta(minutes=5)
"""Beyond a step's own time: Run Command stops the script itself, and that answer is worth waiting for."""


@orchestrator(CUSTOMIZE)
def customize(flow: Flow, request: StagedRun) -> Steps[Nothing]:
    """Run every step. Raises `CustomizerFailed` at the first that fails."""
    plan = request.plan
    for step in plan.steps:
        yield from flow.enter(plan.run, Phase.CUSTOMIZE, f"{step.index + 1} of {len(plan.steps)}: {step.name}")
        asked = StepRequest(run=plan.run, machine=plan.machine, storage=request.storage, step=step)
        started = yield from flow.run(START_STEP, asked)
        yield from flow.wait(
            CHECK_STEP,
            asked.model_copy(update={"log_base": started.log_base}),
            doing=f"run {step.name!r}",
            within=timedelta(minutes=step.timeout_minutes) + MARGIN,
        )
    return Nothing()
