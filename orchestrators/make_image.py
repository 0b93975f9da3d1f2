"""The phases of a build, in order, as a reader would tell them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import (
    CAPTURE,
    CHECK_POWERED_OFF,
    CREATE_GROUP,
    CUSTOMIZE,
    DISTRIBUTE,
    MAKE_IMAGE,
    MARK_GENERALIZED,
    STAGE_NETWORK,
    STAGE_STORAGE,
    START_DEALLOCATE,
    START_INTERFACE,
    START_MACHINE,
    START_STEP,
    PlannedRun,
    StagedRun,
    TargetRequest,
)
from kiln.errors import BuildError, DeadlineExceeded, GeneralizeFailed, RunCanceled
from kiln.messages import GroupRequest, MachineRequest, Outcome, StepRequest
from kiln.runs.record import Phase, RunOutput
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from kiln.contracts import Orchestrator
    from kiln.messages import StagedStorage
    from kiln.planner.plan import Plan
    from orchestrators.flow import Steps


@orchestrator(MAKE_IMAGE)
def make_image(flow: Flow, request: PlannedRun) -> Steps[Outcome]:
    """Walk the plan until every target has its image or its error."""
    plan = request.plan
    storage = yield from _stage(flow, plan)
    yield from _provision(flow, plan)
    yield from flow.enter(plan.run, Phase.CUSTOMIZE)
    yield from flow.call(CUSTOMIZE, StagedRun(plan=plan, storage=storage), "customize")
    yield from _generalize(flow, plan, storage)
    yield from flow.enter(plan.run, Phase.CAPTURE)
    captured = yield from _each_target(flow, CAPTURE, "capture", [_target(plan, storage, at) for at in _places(plan)])
    yield from flow.enter(plan.run, Phase.DISTRIBUTE)
    distributed = yield from _each_target(
        flow, DISTRIBUTE, "distribute", [_target(plan, storage, at, captured[at]) for at in _places(plan)]
    )
    return Outcome(outputs=tuple(distributed))


def _stage(flow: Flow, plan: Plan) -> Steps[StagedStorage]:
    yield from flow.enter(plan.run, Phase.STAGE)
    yield from flow.run(CREATE_GROUP, GroupRequest(run=plan.run, group=plan.group))
    network = flow.begin(STAGE_NETWORK, PlannedRun(plan=plan), "network")
    storage = flow.begin(STAGE_STORAGE, PlannedRun(plan=plan), "storage")
    yield from flow.start(network, storage)
    yield from flow.result(network)
    return (yield from flow.result(storage))


def _provision(flow: Flow, plan: Plan) -> Steps[None]:
    yield from flow.enter(plan.run, Phase.PROVISION)
    machine = MachineRequest(run=plan.run, machine=plan.machine)
    yield from flow.complete(START_INTERFACE, machine, run=plan.run)
    yield from flow.complete(START_MACHINE, machine, run=plan.run)


def _generalize(flow: Flow, plan: Plan, storage: StagedStorage) -> Steps[None]:
    """Deprovision from outside of Run Command, which ends in the machine turning itself off; then settle the disk."""
    yield from flow.enter(plan.run, Phase.GENERALIZE)
    machine = MachineRequest(run=plan.run, machine=plan.machine)
    step = StepRequest(run=plan.run, machine=plan.machine, storage=storage, step=plan.generalize)
    yield from flow.run(START_STEP, step)
    limit = timedelta(minutes=plan.generalize.timeout_minutes)
    try:
        yield from flow.wait(CHECK_POWERED_OFF, machine, doing="deprovision and power off", within=limit)
    except DeadlineExceeded as error:
        raise GeneralizeFailed(
            f"The build machine did not deprovision and power off within {plan.generalize.timeout_minutes} minutes.",
            hint="If the template brings /tmp/DeprovisioningScript.sh, run it by hand and see whether it ends with 0.",
        ) from error
    yield from flow.complete(START_DEALLOCATE, machine, run=plan.run)
    yield from flow.run(MARK_GENERALIZED, machine)


def _places(plan: Plan) -> range:
    return range(len(plan.targets))


def _target(plan: Plan, storage: StagedStorage, index: int, captured: RunOutput | None = None) -> TargetRequest:
    return TargetRequest(plan=plan, storage=storage, index=index, captured=captured)


def _each_target(
    flow: Flow, workflow: Orchestrator[TargetRequest, RunOutput], role: str, requests: list[TargetRequest]
) -> Steps[list[RunOutput]]:
    """Run one workflow for each target, side by side. A target's failure is its own: it becomes its output's error."""
    branches = [flow.begin(workflow, request, f"{role}-{request.index}") for request in requests]
    outputs: list[RunOutput] = []
    for request, outcome in zip(requests, (yield from flow.gather(branches)), strict=True):
        if isinstance(outcome, RunCanceled):
            raise outcome
        if isinstance(outcome, BuildError):
            target = request.plan.targets[request.index]
            before = request.captured or RunOutput(name=target.run_output_name, kind=target.kind)
            outputs.append(before.model_copy(update={"error": outcome.detail}))
        else:
            outputs.append(outcome)
    return outputs
