"""Deaths of the host and other mishaps at each write of the beginning of a run, for every asker.

Each asker asks once undisturbed, and its writes are counted: those to the store, and the start of the build. Then each
write is crossed with everything that can happen right after it, or between it and the reads before it. In the end the
cause has exactly one build, or none and the asker was told so; no run stays Running that nobody works on.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kiln.runs import documents
from kiln.runs.record import RunRecord, RunState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.contract.kiln_api.conftest import template_body
from tests.faults.begin_askers import Asker, Event, Retry, Run, Schedule, Webhook
from tests.faults.begin_parents import AutoRun, Rebuild
from tests.faults.begin_world import TRAP, VHD, Died, TrappedDocuments, World, elsewhere
from tests.faults.matrix import Case
from tests.own_clients import own_clients
from triggers.throttle import SETTING, throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Happens = Callable[[Callable[[], object]], None]

ASKERS: tuple[type[Asker], ...] = (Run, Retry, Schedule, Webhook, Event, AutoRun, Rebuild)
OTHER = {"overrides": {"buildTimeoutInMinutes": 77}}
"""The body of somebody else's run, which is known by its override."""
LOST = "answer lost"
MEANWHILE = ("the same", "another", "cancel", "PUT", "delete")
NEXT = ("the same", "the timer", "the sweeper", "another", "cancel", "PUT", "delete")


def columns() -> Iterator[tuple[str, str, str]]:
    """Yield everything that can happen, as the table's column, its kind and its name."""
    yield LOST, LOST, ""
    for what in MEANWHILE:
        yield f"{what} before", "before", what
        yield f"{what} after", "after", what
    for what in NEXT:
        yield f"dies, {what}", "dies", what


@dataclass
class Scene:
    """One cause of a run, and its mishap."""

    world: World
    asker: Asker
    others: list[int]

    @classmethod
    def of(cls, kind: type[Asker]) -> Scene:
        """Return a new one, in an empty store."""
        found = documents.documents()
        assert isinstance(found, TrappedDocuments)
        found.texts.clear()
        world = World(auto_run=kind.auto_run)
        return cls(world, kind(world), [])

    def come(self, what: str) -> None:
        """Let `what` happen."""
        match what:
            case "the same":
                self.asker.ask()
            case "the timer":
                self.world.reconcile()
            case "the sweeper":
                self.world.sweep()
            case "another":
                self.others.append(int(self.world.post("run", OTHER).status))
            case "cancel":
                assert self.world.post("cancel").status in {202, 204}
            case "PUT":
                body = template_body("other", distribute=[VHD], autoRun={"state": "Disabled"})
                answer = self.world.api("PUT", self.world.id.arm, body)
                assert answer.status in {200, 201}, answer.body
            case _:
                assert self.world.api("DELETE", self.world.id.arm).status in {202, 204}

    def problems(self, what: str) -> Iterator[str]:
        """Yield everything that is wrong in the end."""
        yield from self.world.hub.problems
        builds, runs = self.world.hub.builds, self.world.runs
        if len(set(builds)) != len(builds):
            yield f"a build was started twice: {builds}"
        yield from (f"run {run.run_id} stays {run.state.value}" for run in runs if not run.state.is_final)
        if Templates().get(self.world.id) is None:
            if what != "delete" or runs:
                yield f"the template is gone, and left is {runs}"
            return
        yield from self._shown()
        own = [run for run in runs if self.asker.owns(run)]
        yield from self._of_one_cause(own, builds, what)
        if 202 in self.others and not any(run.overrides and run.instance_id in builds for run in runs):
            yield "the other run was promised, and never built"

    def _of_one_cause(self, own: Sequence[RunRecord], builds: Sequence[str], what: str) -> Iterator[str]:
        built = [run for run in own if run.instance_id in builds]
        canceled = [run for run in own if run.state is RunState.CANCELED]
        if len(own) > 1:
            yield f"one cause has the runs {[(run.run_id, run.state.value) for run in own]}"
        if own and not built and not (what == "cancel" and canceled):
            yield f"run {own[0].run_id} is {own[0].state.value}, and was never built"
        was_told = not self.asker.comes_back and 202 not in self.asker.answers
        not_due = isinstance(self.asker, AutoRun) and what == "PUT"
        if not own and not was_told and not not_due:
            yield f"nothing came of it; told was {self.asker.answers}"

    def _shown(self) -> Iterator[str]:
        """Yield contradictions between the list of runs, each run and the template."""
        path = self.world.id.arm
        listed = {run["name"] for run in self.world.api("GET", f"{path}/runs").body["value"]}
        stored = {run.run_id for run in Runs().list(self.world.id)}
        shown = {name for name in stored if self.world.api("GET", f"{path}/runs/{name}").status == 200}
        if not listed == stored == shown:
            yield f"listed are {listed}, stored {stored}, shown {shown}"
        if self.world.template.beginning is not None:
            yield "the template is beginning a run still"


class BeginBench:
    """Causes in memory, one after the other."""

    notes: Sequence[str] = ("Writes are counted from the first of the cause; the start of the build is one of them.",)

    def cases(self) -> Sequence[Case]:
        """Return each write of each asker, crossed with everything that can happen."""
        return [
            Case(f"{kind.name}/{write}/{column}", kind.name, column)
            for kind in ASKERS
            for write in range(1, self._writes(kind) + 1)
            for column, _, _ in columns()
        ]

    @staticmethod
    def _writes(kind: type[Asker]) -> int:
        scene = Scene.of(kind)
        TRAP.arm(0, None)
        scene.asker.ask()
        return TRAP.count

    def check(self, case: Case) -> Sequence[str]:
        """Let it happen, and time go by."""
        name, write, column = case.id.split("/")
        kind = next(kind for kind in ASKERS if kind.name == name)
        how, what = next((how, what) for known, how, what in columns() if known == column)
        scene = Scene.of(kind)
        TRAP.arm(int(write), self._happening(scene, how, what), before=how == "before")
        with contextlib.suppress(Died):
            scene.asker.ask()
        happened = TRAP.happens is None
        TRAP.arm(0, None)
        if how == "dies":
            scene.come(what)
        scene.world.settle(scene.asker.again, swept=what != "the timer")
        return [*([] if happened else [f"there was no write {write}"]), *scene.problems(what)]

    @staticmethod
    def _happening(scene: Scene, how: str, what: str) -> Happens:
        def happen(repeat: Callable[[], object]) -> None:
            if how == LOST:
                repeat()
            elif how in {"before", "after"}:
                elsewhere(lambda: scene.come(what))
            else:
                raise Died

        return happen


@dataclass(frozen=True)
class _Matrix:
    name: str = "begin"
    title: str = "what happens between the writes with which a run begins"
    every: int = 11
    case_seconds: float = 30.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[BeginBench]:  # noqa: ARG002 - everything is in memory
        """Keep Kiln's state in memory; no request leaves the process."""
        settings = {"KILN_STATE_ENDPOINT": "https://state.blob.core.windows.net", SETTING: "0"}
        with pytest.MonkeyPatch.context() as patch, own_clients(settings):
            patch.setattr(documents, "Documents", TrappedDocuments)
            throttle.cache_clear()
            yield BeginBench()
        throttle.cache_clear()


MATRIX = _Matrix()
