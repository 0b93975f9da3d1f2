"""Scripts in a run's machine, restarts of it, and operations of Azure: each is started, then asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import commands, machines, operations, restarts
from kiln.contracts.base import CHECK_OPERATION
from kiln.contracts.machines import CHECK_RESTARTED, CHECK_STEP, START_RESTART, START_STEP
from kiln.plans import Plans

if TYPE_CHECKING:
    from kiln.contracts.base import Operation, OperationCheck, Progress
    from kiln.contracts.machines import MachineRequest, ScriptRequest, StepStarted


@implements(START_STEP)
def start_step(request: ScriptRequest) -> StepStarted:
    """Start the script, unless somebody else may be about to."""
    fence(request.run)
    return commands.start_step(request, Plans().require(request.run))


@implements(CHECK_STEP)
def check_step(request: ScriptRequest) -> Progress:
    """Copy new output to the log, and return whether the script is over, with its exit code."""
    fence(request.run)
    return commands.step_progress(request)


@implements(START_RESTART)
def start_restart(request: MachineRequest) -> Operation:
    """Start to restart the machine."""
    fence(request.run)
    return machines.start_restart(request.machine)


@implements(CHECK_RESTARTED)
def check_restarted(request: ScriptRequest) -> Progress:
    """Return whether the machine is back after its restart; a script in it is started again until it succeeds."""
    fence(request.run)
    return restarts.progress(request, lambda: Plans().require(request.run))


@implements(CHECK_OPERATION)
def check_operation(request: OperationCheck) -> Progress:
    """Return how far an operation is. Raises as `fence` does once the run or submission that owns it has ended."""
    if request.owner is not None:
        fence(request.owner)
    return operations.check(request.operation)
