"""Scripts in machines: started, then asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import commands
from kiln.contracts import CHECK_STEP, START_STEP

if TYPE_CHECKING:
    from kiln.messages import Progress, StepRequest, StepStarted


@implements(START_STEP)
def start_step(request: StepRequest) -> StepStarted:
    """Start the script, unless somebody else may be about to."""
    fence(request.run)
    return commands.start_step(request)


@implements(CHECK_STEP)
def check_step(request: StepRequest) -> Progress:
    """Bring new output to the log and say whether the script is over, and with which exit code."""
    fence(request.run)
    return commands.step_progress(request)
