"""One template from its submission to the end of its build, on a local Azure of its own, and the judgement of that end.

It owns the happy path and the judgement of its end; it must not know what goes wrong on the way.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import orchestrators
from devkit.host.testing import Flow, FlowRunner
from devkit.local.in_process import InProcessAzure
from kiln.config import config, credential
from kiln.events.drain_all import drain_all
from kiln.events.outbox import Outboxes
from kiln.ids import RunRef
from kiln.runs import documents
from kiln.runs.documents import Documents
from kiln.runs.record import ProvisioningState, RunState
from tests.faults.by_turns import by_turns
from tests.faults.crash_settle import settled
from tests.flows.local_azure.kiln import GROUP, Kiln, gallery, template
from tests.own_clients import own_clients
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from devkit.azurite import Azurite
    from kiln.runs.record import RunRecord
    from tests.faults.crash_wire import Wire

BODY = template(
    customize=[
        {"type": "Shell", "name": "hello", "inline": ["echo hello"]},
        {"type": "Restart", "name": "again"},
        {"type": "File", "name": "motd", "sourceUri": "data:,welcome", "destination": "/etc/motd"},
    ],
    validate={"inVMValidations": [{"type": "Shell", "name": "look", "inline": ["test -e /etc/motd"]}]},
    distribute=[gallery("northeurope"), {"type": "VHD", "runOutputName": "vhd"}],
)
"""A template for a gallery version in two regions and a VHD, with a restart, a file and a validator."""

RESTART_QUESTION = "not restarted yet"
SUBMISSION = "submission"
TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/topics/crashes"


@dataclass(frozen=True)
class Ending:
    """The remains of a build, as far as they must be the same for every build."""

    versions: int
    resources: list[str]
    scripts: dict[str, list[str]]
    events: list[str]


class Scene(Kiln):
    """A template whose activities' requests are seen, and the remains of its build."""

    def __init__(self, azure: InProcessAzure, wire: Wire, body: dict[str, Any] | None = None) -> None:
        super().__init__(azure, body or BODY)
        self.wire = wire
        self.settles = True
        """Whether Azure ends its operations before Kiln goes on, which makes every build go the very same way."""
        self.asks_twice = False
        """Whether two may ask at once if the machine is back: both start that script then, which changes nothing."""
        self._deaths = 0
        self.phases: list[tuple[int, str]] = [(0, SUBMISSION)]
        """The phases, with the number of the activity that began each, counted from 1."""
        self.activities = {
            name: self._by_turns(name, wire.around(name, self._settled(each))) for name, each in self.activities.items()
        }
        self.runner = FlowRunner(list(orchestrators.blueprints), self.activities, replay_once=True)
        self.runner.on_activity("close_ledger", lambda _: self._read_scripts(), nth=None)
        self.versions_before = self._versions()

    def _settled(self, activity: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(payload: Any) -> Any:
            if self._deaths < len(self.wire.died):
                self._deaths = len(self.wire.died)
                self._release()
            if self.settles:
                self.azure.run(settled(self.azure))
            if "phase" in payload and payload.get("note") is None:
                self.phases.append((len(self.wire.sent), payload["phase"]))
            return activity(payload)

        return run

    def _by_turns(self, name: str, activity: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the activity with its records in blobs if the host is to die in it, or has done so."""

        def run(payload: Any) -> Any:
            records = by_turns()
            if records is None or not self.wire.is_deadly(name, payload):
                return activity(payload)
            records.to_blobs()
            try:
                return activity(payload)
            finally:
                records.to_memory()

        return run

    def go(self) -> RunRecord:
        """Submit the template and build it."""
        self.submit()
        return self.build()

    def cancel(self, flow: Flow) -> None:
        """Cancel the build as the API does: in its record, then by an event."""
        self._cancel(flow)

    def cancel_automatic(self, submission: Flow) -> None:
        """Cancel the build that autoRun began, which has another id than its root."""
        run_id = self.template.run_id
        assert run_id is not None
        self._cancel(Flow(submission._world, self.run(run_id).instance_id))

    def phase_of(self, activity: int) -> str:
        """Return the phase of the nth activity."""
        return [name for began, name in self.phases if began <= activity][-1]

    def ending(self) -> Ending:
        """Return the remains, once the timer has published the events that no build could."""
        run_id = self.template.run_id
        assert run_id is not None
        self._release()
        drain_all()
        return Ending(
            versions=len(self._versions() - self.versions_before),
            resources=self.resources(),
            scripts={
                purpose: [self._nameless(script) for script in self._counted(scripts)]
                for purpose, scripts in self.scripts.items()
            },
            events=self._events(run_id),
        )

    def _release(self) -> None:
        """Let a minute pass: a host that died while it published left its claim, which has run out by then."""
        run_id = self.template.run_id
        box = Outboxes().get(RunRef(template=self.id, run_id=run_id)) if run_id else None
        if box is not None:
            Outboxes().change(box, lambda found: found.model_copy(update={"claim": None}))

    def problems(self, run: RunRecord, expected: Ending) -> list[str]:
        """Return the differences from a build that nothing disturbed."""
        found = []
        if self.template.provisioning_state != ProvisioningState.SUCCEEDED:
            found.append(f"the template is {self.template.provisioning_state}: {self.template.provisioning_error}")
        if run.state != RunState.SUCCEEDED or run.message or run.leftovers:
            found.append(f"the run is {run.state}: {run.message} {run.leftovers}")
        ending = self.ending()
        found += [
            f"{name} are {getattr(ending, name)}, not {getattr(expected, name)}"
            for name in Ending.__dataclass_fields__
            if getattr(ending, name) != getattr(expected, name)
        ]
        return found

    def _versions(self) -> set[str]:
        found = httpx.get(f"{self.azure.http_url}/_local/resources", timeout=60).json()["resources"]
        return {
            item["id"].lower() for item in found if "/galleries/gallery/images/base/versions/" in item["id"].lower()
        }

    def _counted(self, scripts: list[str]) -> list[str]:
        """Return the scripts that ran, without the second of two questions for the restart that were asked at once."""
        pairs = zip(["", *scripts], scripts, strict=False)
        return [now for before, now in pairs if not (self.asks_twice and now == before and RESTART_QUESTION in now)]

    def _nameless(self, script: str) -> str:
        return re.sub(rf"{self.template.run_id}|{self.suffix}", "", script)

    def _events(self, run_id: str) -> list[str]:
        """Return the events that a subscriber which drops duplicates by id has got, in order."""
        answer = httpx.get(f"{self.azure.http_url}/_local/eventgrid/events", timeout=60).raise_for_status().json()
        heard = [found["event"] for found in answer["events"] if found["event"]["subject"] == run_id]
        first = {event["id"]: event for event in reversed(heard)}
        once = [event for event in heard if first.pop(event["id"], None) is not None]
        return [f"{event['sequence']} {event['type']} {_about(event['data'])}" for event in once]


def _about(data: dict[str, Any]) -> str:
    output = data.get("output")
    name = output["name"] if isinstance(output, dict) else output
    return " ".join(str(each) for each in (data.get("phase"), data.get("region"), name) if each)


@contextmanager
def scene(
    azurite: Azurite,
    folder: Path,
    wire: Wire,
    body: dict[str, Any] | None = None,
    *,
    kept: type[Documents] = Documents,
) -> Iterator[Scene]:
    """Yield a template on a local Azure that nobody else uses, with a topic; Kiln's records are kept as `kept` does.

    Those that may be by turns in blobs are in memory while the host cannot die.
    """
    folder.mkdir(parents=True)
    with InProcessAzure(azurite, folder) as azure, pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "Documents", kept)
        state = azure.environment(f"state{folder.name}")
        topic = f"{azure.url}/eventgrid/westeurope/{TOPIC.rpartition('/')[2]}/api/events"
        with own_clients({**state, "KILN_TOPIC_ENDPOINT": topic}), wire.patched(lambda: azure.run(settled(azure))):
            _make_topic(azure)
            if records := by_turns():
                records.to_memory()
            yield Scene(azure, wire, body)


def _make_topic(azure: InProcessAzure) -> None:
    token = credential().get_token(config().arm_scope).token
    properties = {"inputSchema": "CloudEventSchemaV1_0", "disableLocalAuth": True}
    with httpx.Client(
        base_url=azure.http_url, params={"api-version": "2025-02-15"}, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        client.put(TOPIC, json={"location": "westeurope", "properties": properties}).raise_for_status()
        until(lambda: client.get(TOPIC).json()["properties"]["provisioningState"] == "Succeeded")
