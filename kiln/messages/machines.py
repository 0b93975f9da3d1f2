"""What is said of a machine and of what happens in it: scripts, restarts, rounds of updates."""

from __future__ import annotations

from kiln.ids import RunRef
from kiln.messages.base import Message, Operation
from kiln.messages.staging import StagedStorage
from kiln.planner.plan import MachineRef, MachineSpec
from kiln.planner.steps import RestartSpec, Step, StepSpec, UpdateSpec


class ProvisionRequest(Message):
    """A machine of the run that is to be made."""

    run: RunRef
    machine: MachineSpec


class MachineRequest(Message):
    """A machine of the run. `operation` is what Azure does for it, of which only a failure is of interest."""

    run: RunRef
    machine: MachineRef
    operation: Operation | None = None


class InMachine(Message):
    """Base of what happens in a machine: its output goes to the log in `storage`."""

    run: RunRef
    machine: MachineRef
    storage: StagedStorage

    def script(self, step: StepSpec) -> ScriptRequest:
        """Return the request for one script there."""
        return ScriptRequest(run=self.run, machine=self.machine, storage=self.storage, step=step)


class ScriptRequest(InMachine):
    """One script to be run. Its text is in the run's stored plan.

    Once it is started, `log_base` and `operation` are what `StepStarted` says. `is_late` says that whoever wrote the
    header to the log has had the time to start the script.
    """

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


class RestartRequest(InMachine):
    """A restart of the machine."""

    restart: RestartSpec


class UpdateRequest(InMachine):
    """Rounds of Windows updates."""

    update: UpdateSpec


class StepsRequest(InMachine):
    """Steps to be taken one after the other."""

    steps: tuple[Step, ...]
