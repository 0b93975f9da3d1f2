"""A template's life by way of Microsoft's worker: requests, an event and timers, and orchestrations that they start."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.flows.local_azure.kiln import template
from tests.tokens import bearer
from tests.waiting import until
from tests.worker.description import told
from tests.worker.http_calls import Answer, Request, of_worker

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from tests.worker.conftest import Twin
    from tests.worker.process import MicrosoftWorker

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
# TimerInfo of Azure/azure-webjobs-sdk-extensions, as JSON.
TIMER = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})
SOURCE = {"publisher": "Contoso", "offer": f"offer-{uuid.uuid4().hex[:8]}", "sku": "gen2"}
PUBLISHED = {
    "specversion": "1.0",
    "id": uuid.uuid4().hex,
    "source": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers/Contoso"
    f"/artifacttypes/vmimage/offers/{SOURCE['offer']}/skus/gen2",
    "type": "Kiln.SourceImage.VersionPublished",
    "subject": "1.0.0",
    "time": "2026-11-22T06:30:00Z",
    "data": {**SOURCE, "region": "westeurope", "version": "1.0.0"},
}


class Caller:
    """An Admin whose requests Microsoft's worker answers."""

    def __init__(self, worker: MicrosoftWorker, twin: Twin, azure: InProcessAzure) -> None:
        self._worker, self._twin = worker, twin
        self._headers = bearer(azure)

    def ask(self, function: str, body: Any = None, **names: str) -> Answer:
        """Send a request to a function; `names` are its route's parameters besides subscription and group."""
        settings = told(self._worker.functions[function]).settings
        (method,) = settings["methods"]
        parameters = {"subscription": SUBSCRIPTION, "group": "rg-images", **names}
        query = {"api-version": "2025-10-01"}
        request = Request(function, method, settings["route"], parameters, query, self._headers, body)
        return of_worker(self._worker, request, self._twin.address, self._twin.client)

    def properties(self, **names: str) -> dict[str, Any]:
        """Return the properties of a template."""
        found: dict[str, Any] = self.ask("http_get_template", **names).json["properties"]
        return found


@pytest.mark.timeout(300)
def test_a_template_is_submitted_rebuilt_by_an_event_canceled_and_deleted(
    worker: MicrosoftWorker, twin: Twin, local_azure: InProcessAzure
) -> None:
    published = {**SOURCE, "version": "1.0.0", "osType": "Linux"}
    httpx.post(f"{local_azure.http_url}/_local/marketplace", json=published, trust_env=False).raise_for_status()
    api = Caller(worker, twin, local_azure)
    body = template({"type": "PlatformImage", "version": "latest", **SOURCE})
    body["properties"]["customize"] = [{"type": "Shell", "name": "long", "inline": ["sleep 600"]}]

    created = api.ask("http_put_template", body, name="told")
    assert created.status == 201, created
    until(lambda: api.properties(name="told")["provisioningState"] == "Succeeded")
    trigger = {"properties": {"kind": "SourceImage"}}
    assert api.ask("http_put_trigger", trigger, name="told", trigger="base").status in {200, 201}

    inputs = {"event": {"json": json.dumps(PUBLISHED)}, "client": {"string": twin.client}}
    assert worker.invoke("on_event", inputs)["result"] == {"status": "Success"}
    until(lambda: api.properties(name="told").get("lastRunStatus", {}).get("runState") == "Running")
    assert api.ask("http_cancel_run", name="told").status in {200, 202, 204}
    until(lambda: api.properties(name="told")["lastRunStatus"]["runState"] == "Canceled")

    assert api.ask("http_delete_template", name="told").status == 202
    until(lambda: api.ask("http_get_template", name="told").status == 404)


def test_events_of_either_schema_are_read_and_what_is_of_no_interest_is_taken(
    worker: MicrosoftWorker, twin: Twin
) -> None:
    of_event_grid = {
        "id": "1",
        "topic": f"/subscriptions/{SUBSCRIPTION}",
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "subject": "/subscriptions/x/resourceGroups/y",
        "eventTime": "2026-11-22T06:30:00Z",
        "dataVersion": "2",
        "data": {"operationName": "Microsoft.Resources/subscriptions/resourceGroups/write", "resourceUri": "/x"},
    }
    for event in (of_event_grid, {**PUBLISHED, "type": "Somebody.Else.S"}):
        inputs = {"event": {"json": json.dumps(event)}, "client": {"string": twin.client}}
        assert worker.invoke("on_event", inputs)["result"] == {"status": "Success"}


def test_every_timer_runs_and_what_it_starts_is_started(worker: MicrosoftWorker, twin: Twin) -> None:
    described = {name: told(function) for name, function in worker.functions.items()}
    timers = {name: item for name, item in described.items() if item.trigger == "timerTrigger"}

    for name, item in timers.items():
        inputs = {parameter: {"string": twin.client} for parameter in item.bindings}
        response = worker.invoke(name, {item.parameter: {"json": TIMER}, **inputs})
        assert response["result"] == {"status": "Success"}, name

    for instance in ("watch-sources", "sweep"):
        assert twin.host.engine.status(instance) is not None
