"""Askers for a run: each knows how it asks, how it comes back after its host's death, and which runs are its own."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from kiln.lifecycle.event_triggers import IncomingEvent, fire_listeners
from kiln.runs.new_run import new_run
from kiln.runs.record import RunRecord, RunState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import finish
from tests.contract.kiln_api.in_process import Answer, Api
from triggers.orchestrations import DurableOrchestrations
from triggers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Message, sign

if TYPE_CHECKING:
    from tests.faults.begin_world import World

SECRET = "s3cret-" + "x" * 32


class Asker(ABC):
    """Somebody who asks a template for a run."""

    name: ClassVar[str]
    auto_run: ClassVar[bool] = False
    comes_back: ClassVar[bool] = True
    """Whether it asks again by itself after its host died, until it knows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers: list[int] = []
        """The answers to a client (HTTP statuses)."""

    @abstractmethod
    def ask(self) -> None:
        """Ask once."""

    def again(self, at: datetime) -> None:  # noqa: B027 - most need not do anything
        """Come back as time goes by; for most askers the timer does that."""

    @abstractmethod
    def owns(self, run: RunRecord) -> bool:
        """Whether the run is one that this asked for."""


class Run(Asker):
    """A client that asks for a run."""

    name, comes_back = "run", False

    def ask(self) -> None:
        """POST run."""
        self._told(self.world.post("run"))

    def _told(self, answer: Answer) -> None:
        self.answers.append(int(answer.status))

    def owns(self, run: RunRecord) -> bool:
        """Whether nothing marks the run as another asker's."""
        return run.cause is None and run.starter is None and run.retry_of is None and run.overrides is None


class Retry(Run):
    """A client that asks for another try of a run that failed."""

    name = "retry"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        failed = finish(
            new_run(world.template, datetime(2026, 1, 1, tzinfo=UTC), "00000001"),
            RunState.FAILED,
            world.began,
            "no",
            None,
            (),
        )
        Runs().create(failed)
        Templates().update(world.id, lambda known: known.model_copy(update={"run_id": failed.run_id}))
        self._failed = failed.run_id

    def ask(self) -> None:
        """POST retry."""
        self._told(self.world.post(f"runs/{self._failed}/retry"))

    def owns(self, run: RunRecord) -> bool:
        """Whether it is a retry of the run that failed."""
        return run.retry_of == self._failed


class Triggered(Asker):
    """A trigger that the timer looks after."""

    properties: ClassVar[dict[str, Any]]

    def __init__(self, world: World) -> None:
        super().__init__(world)
        answer = world.api("PUT", f"{world.id.arm}/triggers/{self.name}", {"properties": self.properties})
        assert answer.status == 201, answer.body

    def owns(self, run: RunRecord) -> bool:
        """Whether its cause is the trigger."""
        return run.cause is not None and run.cause.trigger == self.name


class Schedule(Triggered):
    """The timer, when a Schedule trigger is due."""

    name = "schedule"
    properties: ClassVar = {"kind": "Schedule", "schedule": "0 0 1 1 *"}

    def ask(self) -> None:
        """Let the timer look in the first minute of the next year."""
        self.world.look(datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC))

    def again(self, at: datetime) -> None:  # noqa: ARG002 - its time is another
        """Let it look again, in the next minutes of that year."""
        self.world.look(datetime(datetime.now(UTC).year + 1, 1, 1, 0, 1, tzinfo=UTC))


class Webhook(Triggered):
    """A signed request, which its sender sends again when it is not answered well."""

    name = "webhook"
    properties: ClassVar = {"kind": "Webhook", "secret": SECRET}

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._at = str(int(datetime.now(UTC).timestamp()))

    def ask(self) -> None:
        """POST fire, with the very same signature each time."""
        path = f"{self.world.id.arm}/triggers/{self.name}"
        signature = sign(SECRET, Message(path, self._at, b"{}"))
        stranger = Api(self.world.hub, judged=False, token=None)
        headers = {TIMESTAMP_HEADER: self._at, SIGNATURE_HEADER: signature}
        self.answers.append(int(stranger("POST", f"{path}/fire", b"{}", None, **headers).status))

    def again(self, at: datetime) -> None:  # noqa: ARG002 - as soon as it can
        """Send it again until it was answered."""
        if not self.answers:
            self.ask()


class Event(Triggered):
    """An event that an Event trigger waits for, which Event Grid delivers again when it was not taken."""

    name = "event"
    properties: ClassVar = {"kind": "Event", "filter": {"types": ["Policy.Changed"]}}
    taken = False

    def ask(self) -> None:
        """Deliver it."""
        incoming = IncomingEvent(id="1", type="Policy.Changed", source="/x", subject="y")
        fired = asyncio.run(fire_listeners(DurableOrchestrations(self.world.hub), incoming, datetime.now(UTC)))
        self.taken = not fired.failed

    def again(self, at: datetime) -> None:  # noqa: ARG002 - as soon as it can
        """Deliver it again until it was taken."""
        if not self.taken:
            self.ask()
