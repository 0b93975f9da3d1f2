"""The build machine becomes a source of images: deprovisioned from within, then deallocated and marked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.machines import CHECK_POWERED_OFF, MARK_GENERALIZED, START_DEALLOCATE, MachineRequest
from kiln.errors import DeadlineExceeded, GeneralizeFailed
from orchestrators.scripts import start_script

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.contracts.machines import ScriptRequest
    from orchestrators.flow import Flow, Steps

SOON = timedelta(minutes=2)
"""After which a script that Azure says has failed is not going to turn the machine off."""


def generalize(flow: Flow, request: ScriptRequest) -> Steps[None]:
    """Deprovision from outside of Run Command, which ends in the machine turning itself off; then settle the disk."""
    machine = MachineRequest(run=request.run, machine=request.machine)
    started = yield from start_script(flow, request)
    yield from _powered_off(flow, machine, started.operation, timedelta(minutes=request.step.timeout_minutes))
    yield from flow.complete(START_DEALLOCATE, machine, owner=request.run)
    yield from flow.run(MARK_GENERALIZED, machine)


def _powered_off(flow: Flow, machine: MachineRequest, script: Operation | None, limit: timedelta) -> Steps[None]:
    """Wait until the machine is off. While it is not, what Azure says of the script is asked after a while, and late.

    Raises `AzureFailed` when it failed: not at once, for a machine that turns itself off takes its agent with it.
    """
    for within in (SOON, limit - SOON):
        try:
            yield from flow.wait(CHECK_POWERED_OFF, machine, doing="deprovision and power off", within=within)
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
