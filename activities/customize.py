"""Scripts in machines: started, then asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import commands
from kiln.contracts.machines import CHECK_STEP, START_STEP
from kiln.plans import Plans

if TYPE_CHECKING:
    from kiln.contracts.base import Progress
    from kiln.contracts.machines import ScriptRequest, StepStarted


@implements(START_STEP)
def start_step(request: ScriptRequest) -> StepStarted:
    """Start the script, unless somebody else may be about to."""
    fence(request.run)
    return commands.start_step(request, Plans().require(request.run))


@implements(CHECK_STEP)
def check_step(request: ScriptRequest) -> Progress:
    """Bring new output to the log and say whether the script is over, and with which exit code."""
    fence(request.run)
    return commands.step_progress(request)
