"""Early ends of a run at every activity of a build: a cancel, its deadline, the deletion of its template."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from devkit.azurite import Azurite
from kiln.errors import DeadlineExceeded, RunCanceled
from kiln.runs.record import Phase, RunState
from tests.faults.cancel_world import BOUND, gone, problems
from tests.faults.crash_recording import Activity, Recording, record
from tests.faults.crash_scene import BODY, Scene, scene
from tests.faults.crash_wire import When, Wire
from tests.faults.matrix import Case
from tests.faults.memory import MemoryDocuments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from devkit.host.testing import Flow

TIMEOUT = timedelta(minutes=240)
"""The default timeout of a build (Microsoft's image-builder-json, buildTimeoutInMinutes)."""
AUTOMATIC: dict[str, Any] = {**BODY, "properties": {**BODY["properties"], "autoRun": {"state": "Enabled"}}}


@dataclass(frozen=True)
class What:
    """One early end, and the activity at which it comes."""

    column: str
    activity: Activity
    when: When = "before"

    @property
    def is_too_late(self) -> bool:
        """Whether the image is made by then, so that the run ends as without it."""
        return self.activity.phase == Phase.CLEAN_UP


CANCEL = {"before": "cancel before", "after": "cancel after"}
TWICE, TIME, DELETE, AUTO = "cancel twice", "time is up", "delete", "cancel autoRun"


class EndBench:
    """Real activities on a local Azure, and something that ends the run early."""

    notes: Sequence[str] = (
        f"A canceled run, and one whose time is up, is over within {BOUND.total_seconds():.0f} s of virtual time.",
        "In the phase 'clean up' the image is made already, and the run ends as it would have.",
        "'cancel before' is at each activity; the others are at the first of its kind in a phase, or in the phase.",
    )

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self._azurite, self._folder = azurite, folder
        self._cases = dict(_cases(record(azurite, folder / "recorded")))
        self._checked = 0

    def cases(self) -> Sequence[Case]:
        """Return all early ends in the order of the build."""
        return list(self._cases)

    def check(self, case: Case) -> Sequence[str]:
        """Submit, build, and let the early end come."""
        self._checked += 1
        what = self._cases[case]
        body = AUTOMATIC if what.column == AUTO else BODY
        folder, wire = self._folder / f"case{self._checked}", Wire(self._azurite.port)
        with scene(self._azurite, folder, wire, body, kept=MemoryDocuments) as ending:
            return End(ending, what).problems()


def _cases(recording: Recording) -> Iterator[tuple[Case, What]]:
    phases: set[str] = set()
    kinds: set[tuple[str, str]] = set()
    for at, activity in recording.of_the_build:
        found = [What(CANCEL["before"], activity)]
        if (activity.phase, activity.name) not in kinds:
            found.append(What(CANCEL["after"], activity, "after"))
            found += [What(TIME, activity)] if activity.name != "begin_run" else []
        if activity.phase not in phases:
            found += [What(TWICE, activity), What(DELETE, activity), What(AUTO, activity)]
        phases.add(activity.phase)
        kinds.add((activity.phase, activity.name))
        for what in found:
            yield Case(f"{at:02}-{activity.name}-{what.column.replace(' ', '-')}", activity.phase, what.column), what


@dataclass
class End:
    """One build that is ended early."""

    scene: Scene
    what: What
    asked: list[datetime] = field(default_factory=list)
    deletion: Flow | None = None

    def problems(self) -> list[str]:
        """Build, and return everything that is wrong in the end."""
        activity, runner = self.what.activity, self.scene.runner
        runner.on_activity(activity.name, self._happen, nth=activity.nth, when=self.what.when)
        if self.what.column == TWICE:
            runner.on_activity(activity.name, self.scene.cancel, nth=activity.nth, when="after")
        group = self.scene.template.staging_group
        ended = self._run()
        if not self.asked:
            return ["it did not happen"]
        found = [] if ended - self.asked[0] <= BOUND else [f"it took {ended - self.asked[0]} of virtual time"]
        if self.deletion is not None:
            result = self.deletion.finish()
            return [*found, *gone(self.scene, group), *([] if result.status == "Completed" else [str(result.error)])]
        run_id = self.scene.template.run_id
        assert run_id is not None
        state, code = self._expected()
        return found + problems(self.scene, self.scene.run(run_id), state=state, code=code)

    def _run(self) -> datetime:
        """Submit and build to the end; return the time of that."""
        submission = self.scene.submission()
        result = submission.finish()
        if self.what.column != AUTO:
            _, flow = self.scene.start_build()
            result = flow.finish()
        assert result.status == "Completed", result.error
        return result.finished

    def _happen(self, flow: Flow) -> None:
        self.asked.append(flow.now)
        match self.what.column:
            case "time is up":
                flow.pass_time(TIMEOUT)
                self.asked[0] = flow.now
            case "delete":
                self.scene.cancel(flow)
                self.deletion = self.scene.deletion()
            case "cancel autoRun":
                self.scene.cancel_automatic(flow)
            case _:
                self.scene.cancel(flow)

    def _expected(self) -> tuple[RunState, str | None]:
        if self.what.is_too_late:
            return RunState.SUCCEEDED, None
        if self.what.column == TIME:
            return RunState.FAILED, DeadlineExceeded.code
        return RunState.CANCELED, RunCanceled.code


@dataclass(frozen=True)
class _Matrix:
    name: str = "early-ends"
    title: str = "a run is canceled, out of time, or of a template that is deleted, at an activity of a build"
    every: int = 150
    case_seconds: float = 180.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[EndBench]:
        """Record the path once; each case gets a local Azure of its own."""
        with Azurite(folder / "azurite", in_memory=True) as azurite:
            yield EndBench(azurite, folder)


MATRIX = _Matrix()
