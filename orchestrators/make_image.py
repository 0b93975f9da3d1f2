"""The phases of a build, in order, as a reader would tell them. A phase that the plan has no use for is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import (
    CUSTOMIZE,
    GENERALIZE,
    MAKE_IMAGE,
    MAKE_PLAN,
    OPTIMIZE,
    STAGE,
    VALIDATE,
    StagedRun,
)
from kiln.errors import BuildError, InternalFailure, RunCanceled
from kiln.messages import BuildRequest, Outcome, StagingRequest
from kiln.runs.record import Phase, PhaseState
from orchestrators.flow import Flow, orchestrator
from orchestrators.make_targets import make_targets
from orchestrators.provision import provision

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail
    from kiln.planner.plan import Plan
    from kiln.runs.record import RunOutput
    from orchestrators.flow import Steps


@orchestrator(MAKE_IMAGE)
def make_image(flow: Flow, request: BuildRequest) -> Steps[Outcome]:
    """Plan, and walk the plan until every target has its image or its error."""
    plan = yield from flow.run(MAKE_PLAN, request.run)
    staged = yield from _stage(flow, plan)
    if plan.machine is not None:
        yield from flow.enter(plan.run, Phase.PROVISION)
        yield from provision(flow, plan.run, plan.machine)
        yield from flow.enter(plan.run, Phase.CUSTOMIZE)
        yield from flow.call(CUSTOMIZE, staged, "customize")
    if plan.optimize:
        yield from flow.enter(plan.run, Phase.OPTIMIZE)
        yield from flow.call(OPTIMIZE, staged, "optimize")
    if plan.generalize is not None:
        yield from flow.enter(plan.run, Phase.GENERALIZE)
        yield from flow.call(GENERALIZE, staged, "generalize")
    invalid = yield from _validate(flow, staged)
    outputs: tuple[RunOutput, ...] = ()
    if plan.targets:
        outputs = yield from make_targets(flow, staged)
    return Outcome(outputs=outputs, invalid=invalid)


def _stage(flow: Flow, plan: Plan) -> Steps[StagedRun]:
    yield from flow.enter(plan.run, Phase.STAGE)
    storage = yield from flow.call(STAGE, StagingRequest(owner=plan.run, staging=plan.staging), "stage")
    return StagedRun(plan=plan, storage=storage)


def _validate(flow: Flow, staged: StagedRun) -> Steps[ErrorDetail | None]:
    """Test the image. Returns what is wrong with it, where the template wants it distributed all the same.

    An image of which no machine can be made is as bad as one whose test fails.
    """
    plan = staged.plan
    if plan.validation is None:
        return None
    yield from flow.enter(plan.run, Phase.VALIDATE)
    try:
        yield from flow.call(VALIDATE, staged, "validate")
    except (RunCanceled, InternalFailure):
        raise
    except BuildError as error:
        if not plan.validation.continue_on_failure:
            raise
        yield from flow.end(plan.run, Phase.VALIDATE, PhaseState.FAILED, error.detail)
        return error.detail
    return None
