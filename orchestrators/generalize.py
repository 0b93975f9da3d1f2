"""The build machine becomes a source of images: deprovisioned from within, then deallocated and marked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import (
    CHECK_POWERED_OFF,
    GENERALIZE,
    MARK_GENERALIZED,
    START_DEALLOCATE,
    StagedRun,
)
from kiln.errors import DeadlineExceeded, GeneralizeFailed, InternalFailure
from kiln.messages import MachineRequest, Nothing, StepRequest
from orchestrators.flow import Flow, orchestrator
from orchestrators.provision import build_machine
from orchestrators.scripts import start_script

if TYPE_CHECKING:
    from kiln.planner.steps import StepSpec
    from orchestrators.flow import Steps


@orchestrator(GENERALIZE)
def generalize(flow: Flow, request: StagedRun) -> Steps[Nothing]:
    """Deprovision from outside of Run Command, which ends in the machine turning itself off; then settle the disk."""
    plan = request.plan
    step = _step(request)
    machine = MachineRequest(run=plan.run, machine=build_machine(plan))
    script = StepRequest(run=plan.run, machine=machine.machine, storage=request.storage, step=step)
    started = yield from start_script(flow, script)
    limit = timedelta(minutes=step.timeout_minutes)
    try:
        yield from flow.wait(CHECK_POWERED_OFF, machine, doing="deprovision and power off", within=limit)
    except DeadlineExceeded as error:
        last = yield from flow.run(CHECK_POWERED_OFF, machine.model_copy(update={"operation": started.operation}))
        if not last.done:
            raise GeneralizeFailed(
                f"The build machine did not deprovision and power off within {step.timeout_minutes} minutes.",
                hint=_hint(machine),
            ) from error
    yield from flow.complete(START_DEALLOCATE, machine, owner=plan.run)
    yield from flow.run(MARK_GENERALIZED, machine)
    return Nothing()


def _step(request: StagedRun) -> StepSpec:
    if request.plan.generalize is None:
        raise InternalFailure(f"The plan of run {request.plan.run.run_id} generalizes nothing.")
    return request.plan.generalize


def _hint(request: MachineRequest) -> str:
    script = r"C:\DeprovisioningScript.ps1" if request.machine.os == "Windows" else "/tmp/DeprovisioningScript.sh"  # noqa: S108 - AIB's path, in the guest
    return f"If the template brings {script}, run it by hand and see whether it ends with 0."
