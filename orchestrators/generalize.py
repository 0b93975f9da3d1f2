"""Generalization of the build machine: deprovisioned from within, then deallocated and marked as generalized."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.machines import CHECK_POWERED_OFF, MARK_GENERALIZED, START_DEALLOCATE, MachineRequest
from kiln.errors import DeadlineExceeded, GeneralizeFailed
from orchestrators.scripts import start_script
from orchestrators.waits import complete, wait

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.contracts.machines import ScriptRequest
    from orchestrators.flow import Flow, Steps

SOON = timedelta(minutes=2)
"""The time after which a script that Azure says has failed is not going to turn the machine off."""


def generalize(flow: Flow, request: ScriptRequest) -> Steps[None]:
    """Start the deprovisioning script, which ends by turning the machine off; then deallocate it and mark it."""
    machine = MachineRequest(run=request.run, machine=request.machine)
    started = yield from start_script(flow, request)
    yield from _powered_off(flow, machine, started.operation, timedelta(minutes=request.step.timeout_minutes))
    yield from complete(flow, START_DEALLOCATE, machine, owner=request.run)
    yield from flow.run(MARK_GENERALIZED, machine)


def _powered_off(flow: Flow, machine: MachineRequest, script: Operation | None, limit: timedelta) -> Steps[None]:
    """Wait until the machine is off. If it is not after two minutes, or at the end, ask Azure how the script went.

    Raises `AzureFailed` when it failed. That is not asked at once: a machine that turns itself off takes its agent with
    it, which looks like a failure.
    """
    for within in (SOON, limit - SOON):
        try:
            yield from wait(flow, CHECK_POWERED_OFF, machine, doing="deprovision and power off", within=within)
        except DeadlineExceeded as error:
            last = yield from flow.run(CHECK_POWERED_OFF, machine.model_copy(update={"operation": script}))
            if last.done:
                return
            late = error
        else:
            return
    minutes = int(limit.total_seconds() // 60)
    raise GeneralizeFailed(
        f"The build machine did not deprovision and power off within {minutes} minutes.", hint=_hint(machine)
    ) from late


def _hint(request: MachineRequest) -> str:
    script = r"C:\DeprovisioningScript.ps1" if request.machine.os == "Windows" else "/tmp/DeprovisioningScript.sh"  # noqa: S108 - AIB's path, in the guest
    return f"If the template brings {script}, run it by hand and see whether it ends with 0."
