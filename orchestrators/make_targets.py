"""All targets of a plan, in parallel: captured, then distributed. The failure of one stops no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.images import (
    CAPTURE,
    DISTRIBUTE,
    END_EXPORT,
    START_ORIGIN_DISK,
    DistributeRequest,
    OriginRequest,
    TargetRequest,
)
from kiln.errors import BuildError, ErrorDetail, InternalFailure, RunCanceled
from kiln.planner.targets import GalleryTarget, VhdTarget
from kiln.runs.record import Phase, PhaseState, RunOutput
from orchestrators.distribute import GONE, is_everywhere
from orchestrators.waits import complete

if TYPE_CHECKING:
    from kiln.contracts.staging import StagedStorage
    from kiln.planner.plan import Plan
    from kiln.planner.targets import OriginSpec, Target
    from orchestrators.flow import Branch, Flow, Steps

Outputs = dict[str, RunOutput]
"""Each target's output or error, by the run output's name."""


def make_targets(flow: Flow, plan: Plan, storage: StagedStorage) -> Steps[tuple[RunOutput, ...]]:
    """Make the image of every target and bring it to its regions. Returns each target's output, or its error."""
    origin = _origin(plan)
    outputs = _before(plan)
    yield from flow.enter(plan.run, Phase.CAPTURE)
    captured = yield from _make_disk(flow, plan, origin, outputs)
    missing = {at: target for at, target in enumerate(plan.targets) if _name(target) not in outputs | captured}
    captured |= yield from _capture(flow, plan, origin, storage, missing)
    if any(isinstance(target, VhdTarget) for target in missing.values()):
        yield from _end_exports(flow, plan, origin)
    if errors := _errors(captured):
        yield from flow.end(plan.run, Phase.CAPTURE, _state(something=len(errors) < len(captured)), _together(errors))
    outputs |= captured
    good = {at: target for at, target in enumerate(plan.targets) if outputs[_name(target)].error is None}
    if good:
        outputs |= yield from _distribute(flow, plan, good, outputs)
    return tuple(outputs[_name(target)] for target in plan.targets)


def _origin(plan: Plan) -> OriginSpec:
    if plan.origin is None:
        raise InternalFailure(f"The plan of run {plan.run.run_id} makes no image.")
    return plan.origin


def _capture(
    flow: Flow, plan: Plan, origin: OriginSpec, storage: StagedStorage, targets: dict[int, Target]
) -> Steps[Outputs]:
    """Make the image of each target. A failure becomes its output's error."""
    branches = {
        at: flow.begin(CAPTURE, TargetRequest(run=plan.run, origin=origin, storage=storage, target=target), f"c{at}")
        for at, target in targets.items()
    }
    nothing = {_name(target): RunOutput(name=_name(target), kind=target.kind) for target in targets.values()}
    return (yield from _ended(flow, branches, targets, nothing))


def _distribute(flow: Flow, plan: Plan, targets: dict[int, Target], captured: Outputs) -> Steps[Outputs]:
    """Bring every captured image to its regions. Returns outputs by name, each with the error of missing regions."""
    yield from flow.enter(plan.run, Phase.DISTRIBUTE)
    branches = {}
    for at, target in targets.items():
        output = captured[_name(target)]
        if isinstance(target, GalleryTarget) and not is_everywhere(output, target):
            request = DistributeRequest(run=plan.run, target=target, captured=output)
            branches[at] = flow.begin(DISTRIBUTE, request, f"d{at}")
    outputs = yield from _ended(flow, branches, targets, captured)
    if errors := _errors(outputs):
        gained = any(set(output.regions) - set(captured[name].regions) for name, output in outputs.items())
        yield from flow.end(plan.run, Phase.DISTRIBUTE, _state(something=gained), _together(errors))
    return outputs


def _ended(
    flow: Flow, branches: dict[int, Branch[RunOutput]], targets: dict[int, Target], before: Outputs
) -> Steps[Outputs]:
    """Run the targets' workflows in parallel; return outputs by name.

    A failure leaves the output that there was before, with the error, unless its image is gone by now.
    """
    outputs: Outputs = {}
    for at, outcome in zip(branches, (yield from flow.gather(list(branches.values()))), strict=True):
        target = targets[at]
        match outcome:
            case RunOutput():
                outputs[_name(target)] = outcome
            case RunCanceled():
                raise outcome
            case _:
                nothing = RunOutput(name=_name(target), kind=target.kind)
                left = nothing if isinstance(outcome, GONE) else before[_name(target)]
                outputs[_name(target)] = left.model_copy(update={"error": outcome.detail})
    return outputs


def _errors(outputs: Outputs) -> list[ErrorDetail]:
    return [output.error for output in outputs.values() if output.error is not None]


def _state(*, something: bool) -> PhaseState:
    """Return the state of a phase that has errors: PartiallySucceeded if it achieved `something` all the same."""
    return PhaseState.PARTIALLY_SUCCEEDED if something else PhaseState.FAILED


def _together(errors: list[ErrorDetail]) -> ErrorDetail:
    """Return one error with the errors of all targets."""
    if len(errors) == 1:
        return errors[0]
    return ErrorDetail(
        code="TargetsFailed",
        message=f"{len(errors)} targets failed.",
        target="properties.distribute",
        details=tuple(errors),
    )


def _before(plan: Plan) -> Outputs:
    """Return the outputs of an earlier run that this one goes on from, without the errors that it is to fix."""
    return {output.name: output.model_copy(update={"error": None}) for output in plan.done}


def _make_disk(flow: Flow, plan: Plan, origin: OriginSpec, done: Outputs) -> Steps[Outputs]:
    """Make a disk of the earlier run's version, for the targets that need one. They fail with it, the others do not."""
    needing = [target for target in plan.targets if not isinstance(target, GalleryTarget) and _name(target) not in done]
    if origin.version is None or not needing:
        return {}
    try:
        yield from complete(flow, START_ORIGIN_DISK, OriginRequest(run=plan.run, origin=origin), owner=plan.run)
    except RunCanceled:
        raise
    except BuildError as error:
        return {
            _name(target): RunOutput(name=_name(target), kind=target.kind, error=error.detail) for target in needing
        }
    return {}


def _end_exports(flow: Flow, plan: Plan, origin: OriginSpec) -> Steps[None]:
    """Withdraw the read access to the disk, which all copies of it shared, now that every one has ended."""
    try:
        yield from complete(flow, END_EXPORT, OriginRequest(run=plan.run, origin=origin), owner=plan.run)
    except RunCanceled:
        raise
    except BuildError:
        return  # the images are good; the access is in the ledger, so clean-up ends it, or names it


def _name(target: Target) -> str:
    return target.run_output_name
