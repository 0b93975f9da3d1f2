"""The local Event Grid and the local Functions host together: an event starts an orchestration, whatever happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.messaging import CloudEvent

from devkit.azure.server import Tls
from devkit.host.keys import EVENT_GRID
from tests.contract.azure.event_grid import (
    advance,
    deliveries,
    make_topic,
    management,
    publisher,
    settled,
    subscribe,
)
from tests.contract.azure.harness import SUBSCRIPTION, Harness
from tests.unit.devkit.host.serving import serving
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.azurite import Azurite
    from devkit.host.server import Host

FUNCTION = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Web/sites/app/functions/rebuild"
CODE = """
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
CALLS = []

@app.event_grid_trigger(arg_name="event")
@app.durable_client_input(client_name="client")
async def rebuild(event: func.CloudEvent, client) -> None:
    CALLS.append(event.id)
    if event.get_json().get("fail") and CALLS.count(event.id) == 1:
        raise RuntimeError("deliberate")
    if not await client.get_status(event.id):
        await client.start_new("flow", event.id, event.get_json())

@app.orchestration_trigger(context_name="context")
def flow(context):
    return context.get_input()
    yield
"""


@pytest.fixture
def cloud(tmp_path: Path, azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    certificates = azurite.certificates
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ca))
    running = Harness(tmp_path, azurite.accounts, tls=Tls(certificates.certificate, certificates.key))
    yield running
    running.stop()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "function_app.py").write_text(CODE)
    (folder / "host.json").write_text('{"version": "2.0"}')
    with serving(folder / "state.db", app=folder) as running:
        yield running


def webhook(host: Host) -> str:
    return f"{host.address}/runtime/webhooks/eventgrid?functionName=rebuild&code={host.keys[EVENT_GRID]}"


def subscribe_function(cloud: Harness, topic: str, host: Host) -> None:
    cloud.local("PUT", "functions", json={FUNCTION: webhook(host)})
    destination = {"endpointType": "AzureFunction", "properties": {"resourceId": FUNCTION}}
    body = {"properties": {"destination": destination}}
    subscriptions = management(cloud).topic_event_subscriptions
    made = subscriptions.begin_create_or_update("rg-images", topic, "rebuild", body).result()
    assert made.provisioning_state == "Succeeded"


def output(host: Host, instance_id: str) -> Any:
    done = until(lambda: (found := host.engine.status(instance_id)) and found.runtime_status.terminal and found)
    return json.loads(done.output)


def test_an_event_reaches_a_function_and_starts_an_orchestration(cloud: Harness, host: Host) -> None:
    topic = make_topic(cloud, "to-function")
    subscribe_function(cloud, "to-function", host)
    with publisher(cloud, topic) as client:
        client.send(CloudEvent(source="/kiln", type="Kiln.Published", id="run-1", data={"version": "1.0.0"}))
    assert output(host, "run-1") == {"version": "1.0.0"}
    assert settled(cloud, lambda seen: not seen["open"])["counts"]["delivered"] == 1


def test_a_function_that_fails_gets_its_event_again(cloud: Harness, host: Host) -> None:
    topic = make_topic(cloud, "failing")
    subscribe_function(cloud, "failing", host)
    with publisher(cloud, topic) as client:
        client.send(CloudEvent(source="/kiln", type="Kiln.Published", id="run-2", data={"fail": True}))
    settled(cloud, lambda seen: bool(seen["open"]) and seen["open"][0]["attempts"] == 1)
    advance(cloud, 10)
    assert output(host, "run-2") == {"fail": True}


def test_many_duplicates_start_one_orchestration(cloud: Harness, host: Host) -> None:
    topic = make_topic(cloud, "duplicates")
    subscribe_function(cloud, "duplicates", host)
    cloud.local("PUT", "eventgrid/faults", json=[{"subscription": "rebuild", "duplicate": 49}])
    with publisher(cloud, topic) as client:
        client.send(CloudEvent(source="/kiln", type="Kiln.Published", id="run-3", data={"n": 3}))

    def drained() -> bool:
        advance(cloud, 60)  # of two at the same moment, one is refused by the task hub, and comes again
        return not deliveries(cloud)["open"]

    until(drained)
    assert deliveries(cloud)["counts"]["delivered"] == 50
    assert output(host, "run-3") == {"n": 3}
    assert len(host.engine.query()) == 1


@pytest.mark.parametrize("schema", ["EventGridSchema", "CloudEventSchemaV1_0"])
def test_the_hosts_webhook_passes_both_handshakes(cloud: Harness, host: Host, schema: str) -> None:
    make_topic(cloud, "hooked", input_schema=schema)
    assert subscribe(cloud, "hooked", "hook", webhook(host)).provisioning_state == "Succeeded"
