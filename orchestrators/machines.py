"""A machine of a run: made, then its steps run one after the other, each by the code for its kind.

The build machine's steps are the template's customizers, then the optimizations that it asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.contracts.base import Nothing
from kiln.contracts.machines import (
    CUSTOMIZE,
    OPTIMIZE,
    RESTART_MACHINE,
    START_INTERFACE,
    START_MACHINE,
    UPDATE_WINDOWS,
    ProvisionRequest,
    RestartRequest,
    UpdateRequest,
)
from kiln.planner.steps import RestartSpec, StepSpec, UpdateSpec
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator
from orchestrators.scripts import run_script
from orchestrators.waits import complete

if TYPE_CHECKING:
    from kiln.contracts.machines import StepsRequest
    from kiln.ids import RunRef
    from kiln.planner.plan import MachineSpec
    from orchestrators.flow import Steps


def provision(flow: Flow, run: RunRef, machine: MachineSpec) -> Steps[None]:
    """Make one machine and wait until it runs."""
    request = ProvisionRequest(run=run, machine=machine)
    yield from complete(flow, START_INTERFACE, request, owner=run)
    yield from complete(flow, START_MACHINE, request, owner=run)


@orchestrator(CUSTOMIZE)
def customize(flow: Flow, request: StepsRequest) -> Steps[Nothing]:
    """Run the steps of all customizers. Raises `CustomizerFailed` at the first that fails."""
    yield from run_steps(flow, Phase.CUSTOMIZE, request)
    return Nothing()


@orchestrator(OPTIMIZE)
def optimize(flow: Flow, request: StepsRequest) -> Steps[Nothing]:
    """Run all steps of the optimization. Raises `CustomizerFailed` at the first that fails."""
    yield from run_steps(flow, Phase.OPTIMIZE, request)
    return Nothing()


def run_steps(flow: Flow, phase: Phase, request: StepsRequest) -> Steps[None]:
    """Run the steps in the machine; the phase's note names the current one. Raises the error of the first failure."""
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
