"""A machine's steps, one after the other, each in the way of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.contracts.machines import RESTART_MACHINE, UPDATE_WINDOWS, RestartRequest, UpdateRequest
from kiln.planner.steps import RestartSpec, StepSpec, UpdateSpec
from orchestrators.scripts import run_script

if TYPE_CHECKING:
    from kiln.contracts.machines import StepsRequest
    from kiln.runs.record import Phase
    from orchestrators.flow import Flow, Steps


def run_steps(flow: Flow, phase: Phase, request: StepsRequest) -> Steps[None]:
    """Take every step in the machine; the phase's note says which. Raises the error of the first that fails."""
    run, machine, storage = request.run, request.machine, request.storage
    for at, step in enumerate(request.steps):
        yield from flow.enter(run, phase, f"{at + 1} of {len(request.steps)}: {step.name}")
        role = f"s{at}"
        match step:
            case StepSpec():
                yield from run_script(flow, request.script(step))
            case RestartSpec():
                restart = RestartRequest(run=run, machine=machine, storage=storage, restart=step)
                yield from flow.call(RESTART_MACHINE, restart, role)
            case UpdateSpec():
                update = UpdateRequest(run=run, machine=machine, storage=storage, update=step)
                yield from flow.call(UPDATE_WINDOWS, update, role)
            case _:
                assert_never(step)
