"""What is said of a machine and of the scripts in it."""

from __future__ import annotations

from kiln.ids import RunRef
from kiln.messages.base import Message
from kiln.messages.staging import StagedStorage
from kiln.planner.plan import MachineSpec
from kiln.planner.steps import StepSpec


class MachineRequest(Message):
    """A machine of the run."""

    run: RunRef
    machine: MachineSpec


class StepRequest(Message):
    """One script to be run in a machine. `log_base` is where its output starts in the log (bytes)."""

    run: RunRef
    machine: MachineSpec
    storage: StagedStorage
    step: StepSpec
    log_base: int = 0


class StepStarted(Message):
    """A script was started; its output goes to the log from `log_base` (bytes) on."""

    log_base: int
