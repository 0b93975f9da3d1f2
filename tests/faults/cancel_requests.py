"""Requests for a template with a run under way, in each phase: another run and a retry are refused, a new version is
stored; the run goes on as if nothing had been asked.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from azure.durable_functions import OrchestrationRuntimeStatus

from devkit.azurite import Azurite
from kiln.errors import Conflict
from kiln.lifecycle.start_run import start_run
from kiln.lifecycle.submit import Submission, submit
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.record import RunState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from tests.faults.crash_recording import Activity, Recording, record
from tests.faults.crash_scene import BODY, Scene, scene
from tests.faults.crash_wire import Wire
from tests.faults.matrix import Case
from tests.faults.memory import MemoryDocuments
from tests.faults.races_hub import Status
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from devkit.host.testing import Flow
    from kiln.runs.record import RunRecord, TemplateRecord

ASKED = ("run", "retry", "PUT")


@dataclass
class Client:
    """A durable client that can look at the flow under way; it may start or cancel nothing."""

    flow: Flow

    async def get_status(self, instance_id: str) -> Status | None:
        """Return an instance's status, or None."""
        instance = self.flow._world.store.instance(instance_id)
        return Status(OrchestrationRuntimeStatus[instance.runtime_status.value]) if instance else None


@dataclass
class Meanwhile:
    """One build during which a request is sent."""

    scene: Scene
    what: str
    earlier: RunRecord | None = None
    answers: list[str] = field(default_factory=list)

    def ask(self, flow: Flow) -> None:
        """Ask as the API's own functions do, and keep the answer."""
        now, suffix = datetime.now(UTC), secrets.token_hex(4)

        def make(found: TemplateRecord) -> RunRecord:
            before = self.earlier.run_id if self.earlier else None
            return new_run(found, now, suffix, retry_of=before)

        try:
            if self.what == "PUT":
                body: dict[str, Any] = {**BODY, "properties": {**BODY["properties"], "buildTimeoutInMinutes": 99}}
                asked = Submission(template=self.scene.id, body=lambda _: body, at=now, suffix="3f9c8a1b")
                self.answers.append(f"version {submit(Templates(), Versions(), asked).record.version}")
            else:
                orchestrations = DurableOrchestrations(cast("Any", Client(flow)))
                asyncio.run(start_run(orchestrations, self.scene.id, run_id(now, suffix), make))
                self.answers.append("started")
        except Conflict as refused:
            self.answers.append(refused.detail.code)


class RequestBench:
    """Real activities on a local Azure, and a request in the middle."""

    notes: Sequence[str] = ()

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self._azurite, self._folder = azurite, folder
        self._recording = record(azurite, folder / "recorded")
        self._cases = dict(_cases(self._recording))
        self._checked = 0

    def cases(self) -> Sequence[Case]:
        """Return each request in each phase."""
        return list(self._cases)

    def check(self, case: Case) -> Sequence[str]:
        """Build, and ask."""
        self._checked += 1
        activity = self._cases[case]
        folder, wire = self._folder / f"case{self._checked}", Wire(self._azurite.port)
        with scene(self._azurite, folder, wire, kept=MemoryDocuments) as asked:
            asked.submit()
            meanwhile = Meanwhile(asked, case.column)
            if case.column == "retry":
                meanwhile.earlier = _failed_run(asked)
            asked.runner.on_activity(activity.name, meanwhile.ask, nth=activity.nth)
            run = asked.build()
            if case.column == "PUT":
                asked.submit()
            expected = ["version 2"] if case.column == "PUT" else [Conflict.code]
            runs = 2 if case.column == "retry" else 1
            return [
                *asked.problems(run, self._recording.ending),
                *([] if meanwhile.answers == expected else [f"it was answered {meanwhile.answers}"]),
                *([] if len(list(Runs().list(asked.id))) == runs else ["there is another run"]),
            ]


def _failed_run(asked: Scene) -> RunRecord:
    """Store a run that failed before, as one that can be retried."""
    run = new_run(asked.template, datetime(2026, 1, 1, tzinfo=UTC), "00000001")
    failed = run.model_copy(update={"state": RunState.FAILED})
    Runs().create(failed)
    return failed


def _cases(recording: Recording) -> Iterator[tuple[Case, Activity]]:
    phases: dict[str, Activity] = {}
    for _, activity in recording.of_the_build:
        phases.setdefault(activity.phase, activity)
    for phase, activity in phases.items():
        for what in ASKED:
            yield Case(f"{phase.replace(' ', '-')}-{what}", phase, what), activity


@dataclass(frozen=True)
class _Matrix:
    name: str = "asked-meanwhile"
    title: str = "a request for a template whose run is going"
    every: int = 30
    case_seconds: float = 180.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[RequestBench]:
        """Record the path once; each case gets a local Azure of its own."""
        with Azurite(folder / "azurite", in_memory=True) as azurite:
            yield RequestBench(azurite, folder)


MATRIX = _Matrix()
