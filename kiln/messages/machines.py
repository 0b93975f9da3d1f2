"""What is said of a machine and of the scripts in it."""

from __future__ import annotations

from kiln.ids import RunRef
from kiln.messages.base import Message, Operation
from kiln.messages.staging import StagedStorage
from kiln.planner.plan import MachineSpec
from kiln.planner.steps import StepSpec


class MachineRequest(Message):
    """A machine of the run. `operation` is what Azure does for it, of which only a failure is of interest."""

    run: RunRef
    machine: MachineSpec
    operation: Operation | None = None


class StepRequest(Message):
    """One script to be run in a machine. Once it is started, `log_base` and `operation` are what `StepStarted` says.

    `is_late` says that whoever wrote the header to the log has had the time to start the script.
    """

    run: RunRef
    machine: MachineSpec
    storage: StagedStorage
    step: StepSpec
    is_late: bool = False
    log_base: int = 0
    operation: Operation | None = None


class StepStarted(Message):
    """A script was started; its output goes to the log from `log_base` (bytes) on.

    `operation` is what Azure does to start it; None if an earlier try had started it. `is_started` is false when
    somebody else wrote the header, who may be about to start the script.
    """

    is_started: bool = True
    log_base: int
    operation: Operation | None = None
