"""All targets of a plan, side by side: captured, then distributed. A target's failure is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import CAPTURE, DISTRIBUTE, END_EXPORT, START_ORIGIN_DISK, StagedRun, TargetRequest
from kiln.errors import BuildError, ErrorDetail, RunCanceled
from kiln.messages import OriginRequest, VhdRequest
from kiln.planner.targets import GalleryTarget, VhdTarget
from kiln.runs.record import Phase, PhaseState, RunOutput
from orchestrators.capture import origin_of
from orchestrators.distribute import GONE

if TYPE_CHECKING:
    from kiln.contracts import Orchestrator
    from kiln.planner.plan import Plan
    from orchestrators.flow import Flow, Steps


def make_targets(flow: Flow, staged: StagedRun) -> Steps[tuple[RunOutput, ...]]:
    """Make the image of every target and bring it to its regions. Returns each target's output, or its error."""
    plan = staged.plan
    requests = [TargetRequest(plan=plan, storage=staged.storage, index=at) for at in range(len(plan.targets))]
    outputs = _before(plan)
    yield from flow.enter(plan.run, Phase.CAPTURE)
    captured = yield from _make_disk(flow, plan, outputs)
    missing = [request for request in requests if _name(request) not in outputs | captured]
    captured |= yield from _each(flow, CAPTURE, "c", missing)
    yield from _end_exports(flow, staged, missing)
    if errors := _errors(captured):
        yield from flow.end(plan.run, Phase.CAPTURE, _state(something=len(errors) < len(captured)), _together(errors))
    outputs |= captured
    good = [
        request.model_copy(update={"captured": outputs[_name(request)]})
        for request in requests
        if outputs[_name(request)].error is None
    ]
    if good:
        outputs |= yield from _distribute(flow, plan, good)
    return tuple(outputs[_name(request)] for request in requests)


def _distribute(flow: Flow, plan: Plan, good: list[TargetRequest]) -> Steps[dict[str, RunOutput]]:
    """Bring every image that there is to its regions. Returns outputs by name, each with the error of what it lacks."""
    yield from flow.enter(plan.run, Phase.DISTRIBUTE)
    outputs = yield from _each(flow, DISTRIBUTE, "d", good)
    if errors := _errors(outputs):
        before = {_name(request): request.captured.regions for request in good if request.captured}
        gained = any(set(output.regions) - set(before[name]) for name, output in outputs.items())
        yield from flow.end(plan.run, Phase.DISTRIBUTE, _state(something=gained), _together(errors))
    return outputs


def _errors(outputs: dict[str, RunOutput]) -> list[ErrorDetail]:
    return [output.error for output in outputs.values() if output.error is not None]


def _state(*, something: bool) -> PhaseState:
    """Return the state of a phase that has errors: whether it achieved `something` all the same."""
    return PhaseState.PARTIALLY_SUCCEEDED if something else PhaseState.FAILED


def _together(errors: list[ErrorDetail]) -> ErrorDetail:
    """Return the errors of targets as one."""
    if len(errors) == 1:
        return errors[0]
    return ErrorDetail(
        code="TargetsFailed",
        message=f"{len(errors)} targets failed.",
        target="properties.distribute",
        details=tuple(errors),
    )


def _before(plan: Plan) -> dict[str, RunOutput]:
    """Return what an earlier run left to go on from, by name. Its errors are what this run is about to mend."""
    return {output.name: output.model_copy(update={"error": None}) for output in plan.done}


def _make_disk(flow: Flow, plan: Plan, done: dict[str, RunOutput]) -> Steps[dict[str, RunOutput]]:
    """Make a disk of the earlier run's version, for the targets that need one. They fail with it, the others do not."""
    origin = origin_of(plan)
    needing = [
        target
        for target in plan.targets
        if not isinstance(target, GalleryTarget) and target.run_output_name not in done
    ]
    if origin.version is None or not needing:
        return {}
    try:
        yield from flow.complete(START_ORIGIN_DISK, OriginRequest(run=plan.run, origin=origin), owner=plan.run)
    except RunCanceled:
        raise
    except BuildError as error:
        return {
            target.run_output_name: RunOutput(name=target.run_output_name, kind=target.kind, error=error.detail)
            for target in needing
        }
    return {}


def _end_exports(flow: Flow, staged: StagedRun, captured: list[TargetRequest]) -> Steps[None]:
    """Withdraw the read access to the disk, which all copies of it shared, now that every one has ended."""
    plan = staged.plan
    vhds = [target for request in captured if isinstance(target := plan.targets[request.index], VhdTarget)]
    if not vhds:
        return
    request = VhdRequest(run=plan.run, origin=origin_of(plan), storage=staged.storage, target=vhds[0])
    try:
        yield from flow.complete(END_EXPORT, request, owner=plan.run)
    except RunCanceled:
        raise
    except BuildError:
        return  # the images are good; the access is in the ledger, so clean-up ends it, or names it


def _each(
    flow: Flow, workflow: Orchestrator[TargetRequest, RunOutput], role: str, requests: list[TargetRequest]
) -> Steps[dict[str, RunOutput]]:
    """Run one workflow for each target, side by side; return outputs by name. A failure becomes its output's error."""
    branches = [flow.begin(workflow, request, f"{role}{request.index}") for request in requests]
    outputs: dict[str, RunOutput] = {}
    for request, outcome in zip(requests, (yield from flow.gather(branches)), strict=True):
        if isinstance(outcome, RunCanceled):
            raise outcome
        outputs[_name(request)] = outcome if isinstance(outcome, RunOutput) else _failed(request, outcome)
    return outputs


def _failed(request: TargetRequest, error: BuildError) -> RunOutput:
    """Return what a target's failure leaves: what was captured, unless that is gone by now."""
    target = request.plan.targets[request.index]
    nothing = RunOutput(name=target.run_output_name, kind=target.kind)
    before = nothing if request.captured is None or isinstance(error, GONE) else request.captured
    return before.model_copy(update={"error": error.detail})


def _name(request: TargetRequest) -> str:
    return request.plan.targets[request.index].run_output_name
