"""Deaths of the host in the middle of every activity: at each request that it sends, before the effect and after it.

Each request that changes something has a case of its own, in which the host dies right after it. The others, and dying
before a request, leave behind what dying after the change before them leaves; they are all reached in cases in which
every activity dies once.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.azurite import Azurite
from tests.faults.by_turns import DocumentsByTurns
from tests.faults.crash_recording import Recording, record
from tests.faults.crash_scene import scene
from tests.faults.crash_wire import Point, When, Wire
from tests.faults.matrix import Case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EVERYWHERE = "everywhere"


class CallBench:
    """Real activities on a local Azure, whose host dies at chosen requests."""

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self._azurite, self._folder = azurite, folder
        self._recording = record(azurite, folder / "recorded")
        self._points = dict([*_alone(self._recording), *_everywhere(self._recording)])
        self._checked = 0
        requests = sum(len(each.sent) for each in self._recording.activities)
        together = sum(len(points) for case, points in self._points.items() if case.row == EVERYWHERE)
        self.notes = [
            f"{requests} requests by {len(self._recording.activities)} activities.",
            f"In the row '{EVERYWHERE}' each case is many deaths in one build, {together} in all: before and after",
            "each request, as far as the build still sends it; a deletion that has begun is not begun again.",
        ]

    def cases(self) -> Sequence[Case]:
        """Return the cases of single deaths, in the order of the build, then those of many."""
        return list(self._points)

    def check(self, case: Case) -> Sequence[str]:
        """Submit and build with the case's deaths."""
        self._checked += 1
        wire = Wire(self._azurite.port, self._points[case])
        folder = self._folder / f"case{self._checked}"
        with scene(self._azurite, folder, wire, kept=DocumentsByTurns) as dying:
            problems = dying.problems(dying.go(), self._recording.ending)
        points = self._points[case]
        if len(wire.died) < (len(points) + 1) // 2:
            problems.append(f"the host died at {wire.died}, not at {points}")
        return problems


def _alone(recording: Recording) -> Iterator[tuple[Case, tuple[Point, ...]]]:
    for at, activity in enumerate(recording.activities, 1):
        for number, sent in enumerate(activity.sent, 1):
            if not sent.is_read:
                name = f"{at:02}-{activity.name}-{number:02}-after-{sent.method}"
                yield Case(name, activity.phase, f"after {sent.service}"), (Point(at, number, "after"),)


def _everywhere(recording: Recording) -> Iterator[tuple[Case, tuple[Point, ...]]]:
    longest = max(len(activity.sent) for activity in recording.activities)
    moments: tuple[When, ...] = ("before", "after")
    for when in moments:
        for number in range(1, longest + 1):
            points = [
                Point(at, number, when)
                for at, activity in enumerate(recording.activities, 1)
                if len(activity.sent) >= number
            ]
            yield Case(f"{EVERYWHERE}-{when}-{number:02}", EVERYWHERE, f"many {when}"), tuple(points)


@dataclass(frozen=True)
class _Matrix:
    name: str = "crash-requests"
    title: str = "the host dies in the middle of an activity, at a request of it"
    every: int = 150
    case_seconds: float = 180.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[CallBench]:
        """Record the path once; each case gets a local Azure of its own."""
        with Azurite(folder / "azurite", in_memory=True) as azurite:
            yield CallBench(azurite, folder)


MATRIX = _Matrix()
