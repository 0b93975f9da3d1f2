"""Double runs of every activity of the happy path, at once, as when a lease is lost and a second host takes up work
that the first still does: both do it to its end, and the outcome must be that of one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.azurite import Azurite
from tests.faults.crash_recording import Activity, record
from tests.faults.crash_scene import scene
from tests.faults.crash_wire import Wire
from tests.faults.matrix import Case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ALL = "all of them, in one build"


class TwiceBench:
    """Real activities on a local Azure, of which chosen ones run in two threads at once."""

    notes: Sequence[str] = ()

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self._azurite, self._folder = azurite, folder
        self._recording = record(azurite, folder / "recorded")
        self._doubled: dict[Case, tuple[Activity, ...]] = dict(self._cases())
        self._checked = 0

    def cases(self) -> Sequence[Case]:
        """Return one for each kind of activity and phase, and one for all at once."""
        return list(self._doubled)

    def check(self, case: Case) -> Sequence[str]:
        """Submit and build with the case's activities doubled."""
        self._checked += 1
        with scene(self._azurite, self._folder / f"case{self._checked}", Wire(self._azurite.port)) as doubled:
            doubled.asks_twice = True
            for activity in self._doubled[case]:
                doubled.runner.double(activity.name, nth=activity.nth)
            problems = doubled.problems(doubled.go(), self._recording.ending)
            again = sum(call.redelivered for call in doubled.runner.calls)
        return [*problems, *([] if again else ["nothing ran twice"])]

    def _cases(self) -> Iterator[tuple[Case, tuple[Activity, ...]]]:
        kinds: dict[tuple[str, str], list[Activity]] = {}
        for activity in self._recording.activities:
            kinds.setdefault((activity.phase, activity.name), []).append(activity)
        for (phase, name), activities in kinds.items():
            yield Case(f"{phase.replace(' ', '-')}-{name}", phase, "twice at once"), tuple(activities)
        yield Case("everything", ALL, "twice at once"), self._recording.activities


@dataclass(frozen=True)
class _Matrix:
    name: str = "twice-at-once"
    title: str = "two hosts run one activity at once"
    every: int = 100
    case_seconds: float = 180.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[TwiceBench]:
        """Record the path once; each case gets a local Azure of its own."""
        with Azurite(folder / "azurite", in_memory=True) as azurite:
            yield TwiceBench(azurite, folder)


MATRIX = _Matrix()
