"""Scripts in a machine, and as instances of their own a restart and rounds of Windows updates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing, Progress
from kiln.contracts.machines import (
    CHECK_RESTARTED,
    CHECK_STEP,
    RESTART_MACHINE,
    START_RESTART,
    START_STEP,
    UPDATE_WINDOWS,
    MachineRequest,
    RestartRequest,
)
from kiln.errors import BuildError, CustomizerFailed, DeadlineExceeded, ErrorDetail
from kiln.planner.steps import UPDATES_DONE, UPDATES_RESTART, RestartSpec, UpdateSpec
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator
from orchestrators.waits import complete, wait

if TYPE_CHECKING:
    from kiln.contracts.machines import ScriptRequest, StepStarted, UpdateRequest
    from orchestrators.flow import Steps

MOMENT = timedelta(seconds=10)
"""The longest time between a step's header in the log and its script's start: two requests of a host that lives."""
MARGIN = timedelta(minutes=5)
"""Beyond a step's own time: Run Command stops the script itself, and that answer is worth waiting for."""


def run_script(flow: Flow, request: ScriptRequest) -> Steps[Progress]:
    """Run one script to its end; the result has its exit code. Raises `CustomizerFailed` for one that is not valid."""
    step = request.step
    started = yield from start_script(flow, request)
    return (
        yield from wait(
            flow,
            CHECK_STEP,
            request.model_copy(update={"log_base": started.log_base, "operation": started.operation}),
            doing=f"run {step.name!r}",
            within=timedelta(minutes=step.timeout_minutes) + MARGIN,
        )
    )


def start_script(flow: Flow, request: ScriptRequest) -> Steps[StepStarted]:
    """Start the script once. A try that wrote the step's header has `MOMENT` to start it, and then counts as dead."""
    started = yield from flow.run(START_STEP, request)
    if not started.is_started:
        yield from flow.sleep(MOMENT)
        started = yield from flow.run(START_STEP, request.model_copy(update={"is_late": True}))
    return started


@orchestrator(RESTART_MACHINE)
def restart_machine(flow: Flow, request: RestartRequest) -> Steps[Nothing]:
    """Restart the machine and wait for another boot. Raises `CustomizerFailed` when that takes too long."""
    restart = request.restart
    yield from run_script(flow, request.script(restart.mark))
    if restart.trigger is None:
        machine = MachineRequest(run=request.run, machine=request.machine)
        yield from complete(flow, START_RESTART, machine, owner=request.run)
    else:
        yield from _trigger(flow, request.script(restart.trigger))
    check = request.script(restart.check)
    limit = timedelta(seconds=restart.timeout_seconds)
    try:
        yield from wait(flow, CHECK_RESTARTED, check, doing="restart the machine", within=limit)
    except DeadlineExceeded as error:
        raise _failed(
            restart,
            f"the machine did not come back within {restart.timeout_seconds / 60:g} minutes.",
            "Give it more time, or see in the log what its check command waits for.",
        ) from error
    return Nothing()


@orchestrator(UPDATE_WINDOWS)
def update_windows(flow: Flow, request: UpdateRequest) -> Steps[Nothing]:
    """Install updates until none is left, with restarts in between. Raises `CustomizerFailed` when there is no end."""
    update, run, machine, storage = request.update, request.run, request.machine, request.storage
    for turn in range(update.rounds):
        yield from flow.enter(run, Phase.CUSTOMIZE, f"{update.name}: round {turn + 1}")
        installed = yield from run_script(flow, request.script(update.install.again(turn)))
        if installed.exit_code == UPDATES_DONE:
            return Nothing()
        if installed.exit_code == UPDATES_RESTART:
            restart = RestartRequest(run=run, machine=machine, storage=storage, restart=update.restart.again(turn))
            yield from flow.call(RESTART_MACHINE, restart, f"r{turn}")
    raise _failed(
        update,
        f"there were still updates to install after {update.rounds} rounds.",
        "Narrow the updates by searchCriteria or filters, or start from a newer source image.",
    )


def _trigger(flow: Flow, command: ScriptRequest) -> Steps[None]:
    """Run the template's restart command. If the restart cuts off its answer, that is no failure: the check decides."""
    try:
        yield from run_script(flow, command)
    except DeadlineExceeded:
        return


def _failed(step: RestartSpec | UpdateSpec, why: str, hint: str) -> BuildError:
    """Return the `CustomizerFailed` of a step that failed without a script of the template's to blame."""
    return BuildError.from_detail(
        ErrorDetail(
            code=CustomizerFailed.code,
            message=f"Customizer {step.name!r} failed: {why}",
            target=step.property_path,
            hint=hint,
        )
    )
