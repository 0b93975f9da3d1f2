"""The phases of a build, in order. A phase that the plan has no use for is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.machines import CUSTOMIZE, OPTIMIZE, StepsRequest
from kiln.contracts.runs import MAKE_IMAGE, MAKE_PLAN, BuildRequest, Outcome
from kiln.contracts.validation import VALIDATE, ValidateRequest
from kiln.errors import BuildError, InternalFailure, RunCanceled
from kiln.runs.record import Phase, PhaseState
from orchestrators.flow import Flow, orchestrator
from orchestrators.generalize import generalize
from orchestrators.machines import provision
from orchestrators.make_targets import make_targets
from orchestrators.stage import stage

if TYPE_CHECKING:
    from kiln.contracts.staging import StagedStorage
    from kiln.errors import ErrorDetail
    from kiln.planner.plan import MachineSpec, Plan
    from kiln.runs.record import RunOutput
    from orchestrators.flow import Steps


@orchestrator(MAKE_IMAGE)
def make_image(flow: Flow, request: BuildRequest) -> Steps[Outcome]:
    """Plan the build, and carry out the plan until every target has its image or its error."""
    plan = yield from flow.run(MAKE_PLAN, request.run)
    yield from flow.enter(plan.run, Phase.STAGE)
    storage = yield from stage(flow, plan.run, plan.staging)
    if plan.machine is not None:
        yield from _build(flow, plan, plan.machine, storage)
    invalid = yield from _validate(flow, plan, storage)
    outputs: tuple[RunOutput, ...] = ()
    if plan.targets:
        outputs = yield from make_targets(flow, plan, storage)
    return Outcome(outputs=outputs, invalid=invalid)


def _build(flow: Flow, plan: Plan, machine: MachineSpec, storage: StagedStorage) -> Steps[None]:
    """Make the build machine, run the template's customizers in it, and generalize it."""
    yield from flow.enter(plan.run, Phase.PROVISION)
    yield from provision(flow, plan.run, machine)
    there = StepsRequest(run=plan.run, machine=machine.ref, storage=storage, steps=plan.steps)
    yield from flow.enter(plan.run, Phase.CUSTOMIZE)
    yield from flow.call(CUSTOMIZE, there, "customize")
    if plan.optimize:
        yield from flow.enter(plan.run, Phase.OPTIMIZE)
        yield from flow.call(OPTIMIZE, there.model_copy(update={"steps": plan.optimize}), "optimize")
    if plan.generalize is not None:
        yield from flow.enter(plan.run, Phase.GENERALIZE)
        yield from generalize(flow, there.script(plan.generalize))


def _validate(flow: Flow, plan: Plan, storage: StagedStorage) -> Steps[ErrorDetail | None]:
    """Validate the image. Returns the error, if the template wants the image distributed all the same; else raises it.

    An image that no machine can be made from counts as one that failed its validators.
    """
    if plan.validation is None:
        return None
    built = plan.origin.machine if plan.origin is not None else None
    yield from flow.enter(plan.run, Phase.VALIDATE)
    try:
        request = ValidateRequest(run=plan.run, storage=storage, validation=plan.validation, machine=built)
        yield from flow.call(VALIDATE, request, "validate")
    except (RunCanceled, InternalFailure):
        raise
    except BuildError as error:
        if not plan.validation.continue_on_failure:
            raise
        yield from flow.end(plan.run, Phase.VALIDATE, PhaseState.FAILED, error.detail)
        return error.detail
    return None
