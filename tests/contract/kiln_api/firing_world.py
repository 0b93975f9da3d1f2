"""A template whose triggers fire: the API and its timers, over a task hub that only remembers."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.errors import ErrorDetail
from kiln.ids import TemplateId
from kiln.lifecycle.event_triggers import IncomingEvent, fire_listeners
from kiln.lifecycle.schedules import fire_due
from kiln.lifecycle.submit import Submission, submit
from kiln.runs.documents import documents
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import settle
from kiln.runs.versions import Versions
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Answer, Api
from tests.contract.kiln_api.task_hub import TaskHub
from triggers.orchestrations import DurableOrchestrations
from triggers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Message, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cret-" + "x" * 32
LISTENING = {"kind": "Event", "filter": {"types": ["Policy.Changed"], "subjectBeginsWith": "rg-"}}


@dataclass
class World:
    """A template with its submission over, and the API over a task hub that only remembers."""

    id: TemplateId
    hub: TaskHub = field(default_factory=TaskHub)

    def __post_init__(self) -> None:
        self.api = Api(self.hub, judged=False)

    @property
    def template(self) -> TemplateRecord:
        return Templates().require(self.id)

    @property
    def runs(self) -> list[RunRecord]:
        return list(Runs().list(self.id))

    def put(self, trigger: str, properties: dict[str, Any]) -> Answer:
        answer = self.api("PUT", f"{self.id.arm}/triggers/{trigger}", {"properties": properties})
        assert answer.status in {200, 201}, answer.body
        return answer

    def settle(self) -> None:
        """Let the submission that is under way succeed."""
        now = datetime.now(UTC)
        Templates().update(self.id, lambda known: settle(known, known.version, now, None))

    def look(self, at: datetime) -> None:
        """Look once, as the timer does each minute."""
        asyncio.run(fire_due(DurableOrchestrations(self.hub), at))

    def end(self, state: RunState = RunState.SUCCEEDED, at: datetime | None = None) -> None:
        """End the run that is under way."""
        run = self.template.run_id
        assert run is not None
        error = ErrorDetail(code="x", message="x") if state is RunState.FAILED else None
        ended = at or datetime.now(UTC)
        Runs().update(
            self.id, run, lambda known: known.model_copy(update={"state": state, "ended": ended, "error": error})
        )

    def signed(self, body: bytes = b"{}", secret: str = SECRET, age: float = 0) -> dict[str, str]:
        """Return the headers of a request to the trigger `hook`."""
        timestamp = str(int(datetime.now(UTC).timestamp() - age))
        message = Message(f"{self.id.arm}/triggers/hook", timestamp, body)
        return {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: sign(secret, message)}

    def fire(self, trigger: str, headers: dict[str, str], body: bytes = b"{}") -> Answer:
        stranger = Api(self.hub, judged=False, token=None)
        return stranger("POST", f"{self.id.arm}/triggers/{trigger}/fire", body, None, **headers)

    def run(self) -> RunRecord:
        """Start a run by hand."""
        answer = self.api("POST", f"{self.id.arm}/run")
        assert answer.status == 202, answer.body
        return self.runs[0]

    def hear(self, event: str = "1", type_: str = "Policy.Changed", source: str = "/x", subject: str = "rg-a") -> int:
        """Hear of an event; return how many triggers it fired."""
        incoming = IncomingEvent(id=event, type=type_, source=source, subject=subject)
        fired = asyncio.run(fire_listeners(DurableOrchestrations(self.hub), incoming, datetime.now(UTC)))
        assert fired.failed == ()
        return fired.fired


@contextmanager
def new_world() -> Iterator[World]:
    """Yield a new template, and remove what it leaves."""
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    now = datetime.now(UTC)
    submission = Submission(template=name, body=lambda _: template_body(), at=now, suffix="3f9c8a1b")
    made = submit(Templates(), Versions(), submission).record
    Templates().update(name, lambda known: settle(known, made.version, now, None))
    yield World(name)
    Runs().delete_all(name, lambda: True)  # or the timers of other tests would find its triggers
    documents().delete(Templates.path(name))
