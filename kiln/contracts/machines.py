"""Contracts of machines: make one, and run scripts, restarts and rounds of updates in it."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator, Progress
from kiln.contracts.staging import StagedStorage
from kiln.ids import RunRef
from kiln.planner.plan import MachineRef, MachineSpec
from kiln.planner.steps import RestartSpec, Step, StepSpec, UpdateSpec


class ProvisionRequest(Message):
    """Make a machine of the run."""

    run: RunRef
    machine: MachineSpec


class MachineRequest(Message):
    """A machine of the run. `operation` is one that Azure runs for it, and of which only a failure matters."""

    run: RunRef
    machine: MachineRef
    operation: Operation | None = None


class InMachine(Message):
    """Base of requests for work in a machine. Its output goes to the log in `storage`."""

    run: RunRef
    machine: MachineRef
    storage: StagedStorage

    def script(self, step: StepSpec) -> ScriptRequest:
        """Return the request for one script there."""
        return ScriptRequest(run=self.run, machine=self.machine, storage=self.storage, step=step)


class ScriptRequest(InMachine):
    """Run one script, whose text is in the run's stored plan.

    Once it is started, `log_base` and `operation` are those of `StepStarted`. `is_late` says that an attempt that wrote
    the header to the log has had the time to start the script.
    """

    step: StepSpec
    is_late: bool = False
    log_base: int = 0
    operation: Operation | None = None


class StepStarted(Message):
    """A script was started; its output goes to the log from `log_base` (bytes) on.

    `operation` is the one by which Azure starts it; None if an earlier attempt had started it. `is_started` is false
    when another attempt wrote the header and may be about to start the script.
    """

    is_started: bool = True
    log_base: int
    operation: Operation | None = None


class RestartRequest(InMachine):
    """Restart the machine."""

    restart: RestartSpec


class UpdateRequest(InMachine):
    """Install Windows updates in rounds."""

    update: UpdateSpec


class StepsRequest(InMachine):
    """Run steps one after the other."""

    steps: tuple[Step, ...]


START_INTERFACE = Activity("start_interface", ProvisionRequest, Operation)
START_MACHINE = Activity("start_machine", ProvisionRequest, Operation)
START_STEP = Activity("start_step", ScriptRequest, StepStarted)
CHECK_STEP = Activity("check_step", ScriptRequest, Progress)
START_RESTART = Activity("start_restart", MachineRequest, Operation)
CHECK_RESTARTED = Activity("check_restarted", ScriptRequest, Progress)
CHECK_POWERED_OFF = Activity("check_powered_off", MachineRequest, Progress)
START_DEALLOCATE = Activity("start_deallocate", MachineRequest, Operation)
MARK_GENERALIZED = Activity("mark_generalized", MachineRequest, Nothing)
CUSTOMIZE = Orchestrator("customize", StepsRequest, Nothing)
OPTIMIZE = Orchestrator("optimize", StepsRequest, Nothing)
RESTART_MACHINE = Orchestrator("restart_machine", RestartRequest, Nothing)
UPDATE_WINDOWS = Orchestrator("update_windows", UpdateRequest, Nothing)
