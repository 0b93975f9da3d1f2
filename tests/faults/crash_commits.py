"""Deaths of the host after every step of the happy path: after every commit of an episode or a result, and every timer.

A host that dies there loses nothing but memory, so activities give the results that were recorded, and each must get
the same request as then, once: the effects are the same because the requests are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orchestrators
from devkit.azurite import Azurite
from devkit.host.testing import FlowRunner
from tests.faults.crash_recording import Recording, record
from tests.faults.matrix import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from devkit.host.testing import Call, Flow


@dataclass
class Playback:
    """Activities that give their recorded results, each as often as it ran then."""

    calls: Sequence[Call]
    _answers: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for call in self.calls:
            self._answers[_key(call.name, call.input)].append(call.output)

    def activities(self) -> dict[str, Callable[[Any], Any]]:
        """Return them by name."""
        return {name: self._activity(name) for name in {call.name for call in self.calls}}

    def left(self) -> list[str]:
        """Return the recorded activities that did not run."""
        return [key for key, answers in self._answers.items() if answers]

    def _activity(self, name: str) -> Callable[[Any], Any]:
        def answer(payload: Any) -> Any:
            answers = self._answers[_key(name, payload)]
            assert answers, f"{name} is asked what it was never asked, or once more: {payload}"
            return answers.pop(0)

        return answer


def _key(name: str, payload: Any) -> str:
    return f"{name} {json.dumps(payload, sort_keys=True)}"


class CommitBench:
    """Played back with a death after one step."""

    notes: Sequence[str] = ()

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def cases(self) -> Sequence[Case]:
        """Return one case for each step but the last, after which there is nothing left to lose."""
        found, activities = [], 0
        for number, step in enumerate(self._recording.trail[:-1], 1):
            activities += step.kind == "activity"
            phase = self._recording.activities[max(activities - 1, 0)].phase
            name = f"{number:03}-after-{step.kind}" + (f"-{step.name}" if step.name else "")
            found.append(Case(name, phase, {"episode": "commit", "activity": "result", "leap": "timer"}[step.kind]))
        return found

    def check(self, case: Case) -> Sequence[str]:
        """Play the path with one death."""
        return played(self._recording, int(case.id.partition("-")[0]))


def played(recording: Recording, death: int) -> list[str]:
    """Play the path, let the host die after step `death`, and return the differences."""
    playback, problems = Playback(recording.calls), []
    runner = FlowRunner(orchestrators=list(orchestrators.blueprints), activities=playback.activities())
    deaths: list[int] = []
    for root in recording.roots:
        flow = runner.start(root.name, root.data, instance_id=root.instance_id)
        runner.after_step(death, _dying(flow, deaths, death))
        result = flow.finish()
        if result.status != "Completed":
            problems.append(f"{root.name} is {result.status}: {result.error}")
    if deaths != [death]:
        problems.append(f"the host died after {deaths}")
    return problems + [f"nobody asked {key}" for key in playback.left()]


def _dying(flow: Flow, deaths: list[int], death: int) -> Callable[[], None]:
    def die() -> None:
        if not deaths:
            deaths.append(death)
            flow.crash()

    return die


@dataclass(frozen=True)
class _Matrix:
    name: str = "crash-commits"
    title: str = "the host dies after a step of a submission and a build"
    every: int = 40
    case_seconds: float = 60.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[CommitBench]:
        """Record the path once."""
        with Azurite(folder / "azurite", in_memory=True) as azurite:
            recording = record(azurite, folder / "recorded")
        yield CommitBench(recording)


MATRIX = _Matrix()
