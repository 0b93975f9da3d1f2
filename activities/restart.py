"""Restarts of a machine, proved by a script that runs in the boot after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import machines, restarts
from kiln.contracts.machines import CHECK_RESTARTED, START_RESTART
from kiln.plans import Plans

if TYPE_CHECKING:
    from kiln.contracts.base import Operation, Progress
    from kiln.contracts.machines import MachineRequest, ScriptRequest


@implements(START_RESTART)
def start_restart(request: MachineRequest) -> Operation:
    """Start to restart the machine."""
    fence(request.run)
    return machines.start_restart(request.machine)


@implements(CHECK_RESTARTED)
def check_restarted(request: ScriptRequest) -> Progress:
    """Ask the machine, by a script that is started again until it succeeds, whether it is back."""
    fence(request.run)
    return restarts.progress(request, lambda: Plans().require(request.run))
