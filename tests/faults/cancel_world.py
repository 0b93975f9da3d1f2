"""Early ends of a run from outside: a cancel, its deadline, the deletion of its template; and the judgement of it.

It owns the judgement of a run that was ended early; it must not know at which activity that was.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.runs.record import Phase, PhaseState
from kiln.runs.templates import Templates
from tests.flows.local_azure.kiln import STAGED

if TYPE_CHECKING:
    from kiln.runs.record import RunRecord, RunState
    from tests.faults.crash_scene import Scene

BOUND = timedelta(minutes=1)
"""Virtual time from a cancel to the end of the run, where Azure takes no time: the longest pause is half of it."""

FINAL_EVENTS = {"Canceled", "Failed", "Succeeded", "PartiallySucceeded"}


def problems(scene: Scene, run: RunRecord, *, state: RunState, code: str | None) -> list[str]:
    """Return the problems of a run that should have ended in `state`, with an error of that code if any."""
    found = []
    if run.state != state:
        found.append(f"the run is {run.state}, not {state}: {run.message}")
    if (run.error.code if run.error else None) != code:
        found.append(f"its error is {run.error}, not {code}")
    early = [phase.state for phase in run.phases if phase.state != PhaseState.SUCCEEDED]
    if early not in ([], [state.value]) or (run.phases and run.phases[-1].name != Phase.CLEAN_UP):
        found.append(f"its phases are {[(phase.name.value, phase.state.value) for phase in run.phases]}")
    if run.leftovers or run.kept:
        found.append(f"it left {run.leftovers} and kept {run.kept}")
    if (staged := scene.resources()) != STAGED:
        found.append(f"the staging group holds {staged}")
    ending = scene.ending()
    told = [output for output in run.outputs if output.artifact_id]
    if ending.versions != len(told):
        found.append(f"there are {ending.versions} image versions, and the run tells of {len(told)}")
    last = [event.split()[1].removeprefix("Kiln.Build.") for event in ending.events]
    if [name for name in last if name in FINAL_EVENTS] != [state.value] or last[-1] != state.value:
        found.append(f"the events end in {last[-3:]}")
    if [event.split()[0] for event in ending.events] != [f"{at:06}" for at in range(1, len(ending.events) + 1)]:
        found.append(f"events are missing or out of order: {ending.events}")
    return found


def gone(scene: Scene, group: str) -> list[str]:
    """Return the remains of a template that was deleted."""
    found = [] if Templates().get(scene.id) is None else ["the template is still there"]
    if left := scene.resources(group):
        found.append(f"its staging group still holds {left}")
    return found
