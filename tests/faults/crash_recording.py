"""The recording of the happy path: every step, every activity's result, every request; all cases come from it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.faults.crash_scene import scene
from tests.faults.crash_wire import Sent, Wire

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite
    from devkit.host.testing import Call, Flow, Step
    from tests.faults.crash_scene import Ending


@dataclass(frozen=True)
class Root:
    """An orchestration that a client started, and the number of the step before its first."""

    name: str
    instance_id: str
    data: Any
    steps_before: int


@dataclass(frozen=True)
class Activity:
    """One activity of the happy path: `nth` of its name, counted from 1, and a part of `phase`."""

    name: str
    nth: int
    phase: str
    sent: tuple[Sent, ...]


@dataclass(frozen=True)
class Recording:
    """A submission and a build that nothing disturbed."""

    roots: tuple[Root, ...]
    trail: tuple[Step, ...]
    calls: tuple[Call, ...]
    activities: tuple[Activity, ...]
    ending: Ending

    @property
    def of_the_build(self) -> list[tuple[int, Activity]]:
        """The build's own activities, each with its place among all, counted from 1."""
        first = next(at for at, each in enumerate(self.activities, 1) if each.name == "begin_run")
        return list(enumerate(self.activities, 1))[first - 1 :]


_recorded: list[Recording] = []


def record(azurite: Azurite, folder: Path) -> Recording:
    """Submit and build once in each process, and keep the recording."""
    if not _recorded:
        _recorded.append(_record(azurite, folder))
    return _recorded[0]


def _record(azurite: Azurite, folder: Path) -> Recording:
    wire = Wire(azurite.port)
    with scene(azurite, folder, wire) as happy:
        submission = happy.submission()
        roots = [_root(submission, 0)]
        submission.finish()
        steps = len(happy.runner.trail)
        run, build = happy.start_build()
        roots.append(_root(build, steps))
        build.finish()
        if wrong := happy.problems(happy.run(run.run_id), happy.ending()):
            raise AssertionError(f"the happy path is not happy: {wrong}")
        calls = happy.runner.calls
        names: Counter[str] = Counter()
        activities = []
        for at, (call, sent) in enumerate(zip(calls, wire.sent, strict=True), 1):
            names[call.name] += 1
            activities.append(Activity(call.name, names[call.name], happy.phase_of(at), tuple(sent)))
        return Recording(tuple(roots), tuple(happy.runner.trail), tuple(calls), tuple(activities), happy.ending())


def _root(flow: Flow, steps_before: int) -> Root:
    instance = flow.instance
    assert instance.input is not None
    return Root(instance.name, instance.instance_id, json.loads(json.loads(instance.input)), steps_before)
