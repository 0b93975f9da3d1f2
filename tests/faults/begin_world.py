"""A template, its state in memory and a task hub in memory, with a trap at a chosen write.

It owns the trap and everything that happens afterwards in any case: builds end, the timers look, the sweeper comes. It
must not know who asks for a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.durable_functions import OrchestrationRuntimeStatus as Status

from activities.runs import finish_run
from activities.sweep import close_lost_run
from activities.templates import forget_template
from kiln.contracts.runs import BUILD_IMAGE, FinishReport
from kiln.contracts.templates import DELETE_TEMPLATE, TemplateRequest
from kiln.ids import RunRef, TemplateId
from kiln.lifecycle.lost import find_lost, reconcile_lost, start_again
from kiln.lifecycle.reconcile import reconcile_all
from kiln.lifecycle.schedules import fire_due
from kiln.lifecycle.submit import Submission, submit
from kiln.runs.begin import has_begun
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import finish, settle
from kiln.runs.versions import Versions
from kiln.sweep.contracts import LostRunClosing
from kiln.sweep.models import GRACE
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Answer, Api
from tests.contract.kiln_api.task_hub import TaskHub
from tests.faults.memory import MemoryDocuments
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    Happens = Callable[[Callable[[], object]], None]

VHD = {"type": "VHD", "runOutputName": "vhd"}
"""A target without a name that somebody could reserve."""
ROUNDS = 8
"""Looks of the timer, a minute apart, after which everything has happened that will."""


class Died(BaseException):
    """The host has died: none of its code runs after this."""


@dataclass
class Trap:
    """Calls `happens` right before or after one of the writes, with a function that makes that write once more."""

    at: int = 0
    happens: Happens | None = None
    before: bool = False
    count: int = 0

    def arm(self, at: int, happens: Happens | None, *, before: bool = False) -> None:
        """Set the trap and count writes from here; with `at` 0 only count."""
        self.at, self.happens, self.before, self.count = at, happens, before, 0

    def writing(self) -> None:
        """Count a write that is about to be made of what was read before."""
        if self.before and self.count + 1 == self.at:
            self._spring(lambda: None)

    def written(self, repeat: Callable[[], object]) -> None:
        """Count a write that was made."""
        self.count += 1
        if not self.before and self.count == self.at:
            self._spring(repeat)

    def _spring(self, repeat: Callable[[], object]) -> None:
        if self.happens is not None:
            happens, self.happens = self.happens, None
            happens(repeat)


TRAP = Trap()


class TrappedDocuments(MemoryDocuments):
    """Documents in memory, with a trap at each write."""

    def _put(self, path: str, content: BaseModel, *, etag: str | None) -> str:
        TRAP.writing()
        written = super()._put(path, content, etag=etag)
        TRAP.written(lambda: MemoryDocuments._put(self, path, content, etag=etag))
        return written

    def delete(self, path: str) -> None:
        """Delete the document at `path`; it may be gone already."""
        TRAP.writing()
        super().delete(path)
        TRAP.written(lambda: MemoryDocuments.delete(self, path))


@dataclass
class BuildHub(TaskHub):
    """A task hub that says when two builds go at once, and in which a start is a write like any other."""

    problems: list[str] = field(default_factory=list)

    async def start_new(self, name: str, instance_id: str, client_input: Any) -> str:
        """Start an instance."""
        TRAP.writing()
        going = [each for each in self.builds if self.instances[each] is Status.Running]
        made = await super().start_new(name, instance_id, client_input)
        if name == BUILD_IMAGE.name and going:
            self.problems.append(f"{instance_id} was started while {going} was going")
        TRAP.written(_lost)
        return made

    def start_child(self, instance_id: str) -> None:
        """Start a build as an orchestration's child, which is started once."""
        if instance_id in self.instances:
            self.problems.append(f"{instance_id} was there when its own parent started it")
        with contextlib.suppress(ConnectionError):  # the task hub's own business
            asyncio.run(self.start_new(BUILD_IMAGE.name, instance_id, {}))

    @property
    def builds(self) -> list[str]:
        """The builds that were started, in order."""
        return [instance for name, instance in self.started if name == BUILD_IMAGE.name]


def _always(ended: RunRecord, _: RunRecord) -> RunRecord:
    return ended


def _lost() -> object:
    raise ConnectionError("the answer to the start was lost")


class World:
    """One template."""

    def __init__(self, *, auto_run: bool = False) -> None:
        self.hub = BuildHub()
        self.api = Api(self.hub, judged=False)
        self.id = TemplateId(subscription=SUBSCRIPTION, group="rg-begin", name="web")
        self.began = datetime.now(UTC)
        self.body = template_body(distribute=[VHD], autoRun={"state": "Enabled" if auto_run else "Disabled"})
        asked = Submission(template=self.id, body=lambda _: self.body, at=self.began, suffix="3f9c8a1b")
        submit(Templates(), Versions(), asked)
        self.end_submission()

    @property
    def template(self) -> TemplateRecord:
        """The template as it is stored."""
        return Templates().require(self.id)

    @property
    def runs(self) -> list[RunRecord]:
        """All run records that are stored."""
        return list(Runs().list(self.id))

    def post(self, path: str, body: Any = None) -> Answer:
        """POST to the template's path, or one below it."""
        return self.api("POST", f"{self.id.arm}/{path}", body)

    def end_submission(self) -> None:
        """Let the submission that is under way succeed."""
        now = datetime.now(UTC)
        Templates().update(self.id, lambda known: settle(known, known.version, now, None))

    def end_builds(self) -> None:
        """Let all builds end, as their records say; then a deletion can start."""
        for name, instance in list(self.hub.started):
            if name == BUILD_IMAGE.name and self.hub.instances[instance] is Status.Running:
                self._end_build(instance)
        for name, instance in list(self.hub.started):
            if name == DELETE_TEMPLATE.name and self.hub.instances[instance] is Status.Running:
                forget_template(TemplateRequest(template=self.id, made=self.template.created))
                self.hub.instances[instance] = Status.Completed

    def _end_build(self, instance: str) -> None:
        for run in self.runs:
            if run.instance_id == instance:
                state = RunState.CANCELED if run.state is RunState.CANCELING else RunState.SUCCEEDED
                ended = finish(run, state, datetime.now(UTC), "", None, ())
                Runs().update(self.id, run.run_id, partial(_always, ended))
                has_begun(RunRef(template=self.id, run_id=run.run_id))
        self.hub.instances[instance] = Status.Completed

    def look(self, at: datetime) -> None:
        """Look once, as the timer does each minute."""
        asyncio.run(fire_due(DurableOrchestrations(self.hub), at))

    def reconcile(self) -> None:
        """Run the timer that reconciles templates at a time at which everything is old enough for it."""
        later = datetime(datetime.now(UTC).year + 1, 1, 1, 0, 5, tzinfo=UTC)  # a Schedule's run is of the next year
        asyncio.run(reconcile_all(DurableOrchestrations(self.hub), later))

    def sweep(self) -> None:
        """Run the sweeper at a time at which everything is old enough for it."""
        asyncio.run(self._sweep(datetime.now(UTC) + 2 * GRACE))

    async def _sweep(self, now: datetime) -> None:
        orchestrations = DurableOrchestrations(self.hub)
        lost = await find_lost(orchestrations, now)
        await reconcile_lost(orchestrations, lost.templates, now)
        await start_again(orchestrations, lost.unstarted)
        for each in lost.runs:
            facts = close_lost_run(LostRunClosing(lost=each, at=now.isoformat()))
            if not facts.over:
                state = RunState.CANCELED if facts.canceled else RunState.FAILED
                finish_run(FinishReport(run=each.run, at=now.isoformat(), state=state, message="lost"))

    def settle(self, again: Callable[[datetime], None], *, swept: bool = True) -> None:
        """Let time go by: in it the asker does `again`, and the sweeper comes if `swept`."""
        for minute in range(1, ROUNDS + 1):
            at = datetime.now(UTC) + timedelta(minutes=minute)
            self.end_submission()
            again(at)
            self.look(at)
            self.end_builds()
            if swept and minute == ROUNDS // 2:
                self.sweep()
        self.reconcile()


def elsewhere(does: Callable[[], object]) -> None:
    """Let another host do something to its end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            does()
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody sees it
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
