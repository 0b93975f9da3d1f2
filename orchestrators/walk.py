"""A machine's steps, one after the other, each by the workflow for its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.contracts import (
    RESTART_MACHINE,
    RUN_SCRIPT,
    UPDATE_WINDOWS,
    RestartRequest,
    ScriptRequest,
    UpdateRequest,
)
from kiln.planner.steps import RestartSpec, StepSpec, UpdateSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kiln.ids import RunRef
    from kiln.messages import StagedStorage
    from kiln.planner.plan import MachineSpec
    from kiln.planner.steps import Step
    from kiln.runs.record import Phase
    from orchestrators.flow import Flow, Steps


def walk(
    flow: Flow, phase: Phase, *, run: RunRef, machine: MachineSpec, storage: StagedStorage, steps: Sequence[Step]
) -> Steps[None]:
    """Take every step in the machine; the phase's note says which. Raises the error of the first that fails."""
    for at, step in enumerate(steps):
        yield from flow.enter(run, phase, f"{at + 1} of {len(steps)}: {step.name}")
        role = f"s{at}"
        match step:
            case StepSpec():
                script = ScriptRequest(run=run, machine=machine, storage=storage, step=step)
                yield from flow.call(RUN_SCRIPT, script, role)
            case RestartSpec():
                restart = RestartRequest(run=run, machine=machine, storage=storage, restart=step)
                yield from flow.call(RESTART_MACHINE, restart, role)
            case UpdateSpec():
                update = UpdateRequest(run=run, machine=machine, storage=storage, update=step)
                yield from flow.call(UPDATE_WINDOWS, update, role)
            case _:
                assert_never(step)
