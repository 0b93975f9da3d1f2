"""The Event Grid webhook: key, handshakes, events in both schemas, failures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.unit.devkit.host.serving import administer, serving
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.host.server import Host

pytestmark = pytest.mark.sockets

CODE = """
import json
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
SEEN = []

@app.event_grid_trigger(arg_name="event")
def seen(event: func.EventGridEvent) -> None:
    kind = type(event).__name__
    what = event.event_type if kind == "EventGridEvent" else event.type
    if what == "Bad":
        raise RuntimeError("deliberate")
    SEEN.append([kind, event.id, what, event.get_json(), str(getattr(event, "event_time", None) or event.time)])

@app.event_grid_trigger(arg_name="event")
@app.durable_client_input(client_name="client")
async def starter(event: func.CloudEvent, client) -> None:
    await client.start_new("flow", event.id, event.get_json())

@app.orchestration_trigger(context_name="context")
def flow(context):
    return context.get_input()
    yield

@app.route(route="seen")
def show(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(SEEN))

@app.event_grid_trigger(arg_name="event")
def returning(event: func.EventGridEvent) -> str:
    return event.id
"""
GRID = {
    "id": "1", "topic": "/t", "subject": "s", "eventType": "Good", "eventTime": "2026-01-01T00:00:00Z",
    "data": {"a": 1}, "dataVersion": "1", "metadataVersion": "1",
}  # fmt: skip
CLOUD = {"id": "2", "source": "/s", "type": "Good", "specversion": "1.0", "time": "2026-01-01T00:00:00Z", "data": [1]}
NOTIFY = {"aeg-event-type": "Notification"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("event-grid")
    (folder / "function_app.py").write_text(CODE)
    (folder / "host.json").write_text('{"version": "2.0"}')
    with serving(folder / "state.db", app=folder) as running:
        yield running


@pytest.fixture
def key(host: Host) -> str:
    return str(administer(host, "GET", "host/systemkeys/eventgrid_extension").json()["value"])


def send(host: Host, key: str, body: Any, *, name: str = "seen", method: str = "POST", **headers: str) -> Any:
    url = f"{host.address}/runtime/webhooks/EventGrid"
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.request(method, url, params={"functionName": name, "code": key}, content=content, headers=headers)


def test_without_the_system_key_nothing_is_taken(host: Host, key: str) -> None:
    for code in ("", "wrong"):
        assert send(host, code, [GRID], **NOTIFY).status_code == 401
    url = f"{host.address}/runtime/webhooks/eventgrid?functionName=seen"
    assert httpx.post(url, json=[], headers=NOTIFY | {"x-functions-key": key}).status_code == 202
    assert administer(host, "GET", "host/systemkeys/other").status_code == 404


def test_the_key_outlives_a_restart(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(CODE)
    found = []
    for _ in range(2):
        with serving(tmp_path / "state.db", app=tmp_path) as running:
            found.append(administer(running, "GET", "host/systemkeys/eventgrid_extension").json()["value"])
    assert found[0] == found[1]


def test_an_unknown_function_is_a_404(host: Host, key: str) -> None:
    for name in ("", "nobody", "show", "Seen"):
        answer = send(host, key, [GRID], name=name, **NOTIFY)
        assert (answer.status_code, answer.text) == (404, f"cannot find function: '{name}'")


def test_a_function_that_returns_something_has_failed(host: Host, key: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = send(host, key, [GRID], name="returning", **NOTIFY)
    assert (answer.status_code, answer.text) == (500, "Exception while executing function: Functions.returning")
    assert "function 'returning' has no $return binding, but returned a value, a str" in caplog.text


def test_both_handshakes_are_answered(host: Host, key: str) -> None:
    event = {**GRID, "data": {"validationCode": "512d", "validationUrl": "https://x"}}
    answer = send(host, key, [event], **{"aeg-event-type": "SubscriptionValidation"})
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "512d"})
    cloud = {**CLOUD, "data": json.dumps({"validationCode": "613e"})}
    answer = send(host, key, cloud, **{"aeg-event-type": "SubscriptionValidation"})
    assert answer.json() == {"validationResponse": "613e"}
    for asked, allowed in (("eventgrid.azure.us", "eventgrid.azure.us"), ("evil.example", "eventgrid.azure.net")):
        answer = send(host, key, "", method="OPTIONS", **{"WebHook-Request-Origin": asked})
        assert (answer.status_code, answer.headers["Webhook-Allowed-Origin"]) == (200, allowed)


def test_events_of_both_schemas_arrive_one_a_call_as_azure_functions_decodes_them(host: Host, key: str) -> None:
    assert send(host, key, [GRID, {**GRID, "id": "1b"}], **NOTIFY).status_code == 202
    assert send(host, key, CLOUD, **NOTIFY).status_code == 202
    seen = {entry[1]: entry for entry in httpx.get(f"{host.address}/api/seen").json()}
    assert seen["1"] == ["EventGridEvent", "1", "Good", {"a": 1}, "2026-01-01 00:00:00+00:00"]
    assert seen["2"] == ["CloudEvent", "2", "Good", [1], "2026-01-01 00:00:00+00:00"]
    assert "1b" in seen


def test_dates_arrive_as_the_host_writes_them(host: Host, key: str) -> None:
    event = {**CLOUD, "id": "dated", "time": "2026-01-01T01:00:00.000+01:00", "data": {"at": "2026-01-01T00:00:00.10Z"}}
    assert send(host, key, event, **NOTIFY).status_code == 202
    (seen,) = [entry for entry in httpx.get(f"{host.address}/api/seen").json() if entry[1] == "dated"]
    assert seen[3:] == [{"at": "2026-01-01T00:00:00.1Z"}, "2026-01-01 00:00:00+00:00"]


def test_one_failure_fails_the_whole_request(host: Host, key: str, caplog: pytest.LogCaptureFixture) -> None:
    batch = [{**GRID, "id": "before"}, {**GRID, "id": "bad", "eventType": "Bad"}, {**GRID, "id": "after"}]
    answer = send(host, key, batch, **NOTIFY)
    assert (answer.status_code, answer.text) == (500, "Exception while executing function: Functions.seen")
    assert {"before", "after"} <= {entry[1] for entry in httpx.get(f"{host.address}/api/seen").json()}
    assert "failed on event bad" in caplog.text


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [("Unsubscribe", [], 202), ("SubscriptionDeletion", [], 400), ("", [GRID], 400), ("Notification", "{", 500),
     ("SubscriptionValidation", [], 500), ("Notification", "[]", 202)],
)  # fmt: skip
def test_other_requests_get_the_extensions_answers(host: Host, key: str, kind: str, body: Any, status: int) -> None:
    assert send(host, key, body, **{"aeg-event-type": kind}).status_code == status


def test_an_event_starts_an_orchestration_once_by_its_id(host: Host, key: str) -> None:
    event = {**CLOUD, "id": "run-1", "data": {"template": "t"}}
    assert send(host, key, event, name="starter", **NOTIFY).status_code == 202
    done = until(lambda: (found := host.engine.status("run-1")) and found.runtime_status.terminal and found)
    assert json.loads(done.output) == {"template": "t"}


def test_an_event_can_be_given_by_hand(host: Host) -> None:
    function = ("POST", "functions/seen")
    event = {**GRID, "id": "by-hand"}
    assert administer(host, *function, json={"input": json.dumps(event)}).status_code == 202
    until(lambda: "by-hand" in {entry[1] for entry in httpx.get(f"{host.address}/api/seen").json()})
    assert administer(host, *function, json={"input": "{"}).status_code == 400
    assert administer(host, *function).status_code == 400
