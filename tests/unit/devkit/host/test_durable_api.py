"""The Durable HTTP API, through the unmodified DurableOrchestrationClient and as a plain HTTP client."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from devkit.host.keys import DURABLE, EVENT_GRID, MASTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.host.server import Host

pytestmark = pytest.mark.sockets

API = "/runtime/webhooks/durabletask"
# Positional flags of get_status (history, its output, input) and of restart (a new id).
SHOW_ALL = (True, True, True)
SAME_ID = (False,)
_numbers = itertools.count(1)


@pytest.fixture
def instance_id() -> str:
    return f"i{next(_numbers)}"


class Client:
    """The sample app's functions that call the SDK's client for us."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def start(self, name: str, instance_id: str, data: Any = None) -> dict[str, str]:
        response = self.http.post(f"/start/{name}?id={instance_id}", json=data)
        assert response.status_code == 202
        urls: dict[str, str] = response.json()
        return urls

    def call(self, operation: str, instance_id: str, *arguments: Any) -> Any:
        response = self.http.post(f"/client/{operation}/{instance_id}", json=arguments)
        response.raise_for_status()
        return response.json()

    def error(self, operation: str, instance_id: str, *arguments: Any) -> str:
        response = self.http.post(f"/client/{operation}/{instance_id}", json=arguments)
        assert response.status_code == 400
        return str(response.json()["error"])


@pytest.fixture
def client(host: Host) -> Iterator[Client]:
    key = {"x-functions-key": host.keys[DURABLE]}
    with httpx.Client(base_url=host.address, timeout=30, headers=key) as http:
        yield Client(http)


def test_start_and_check_status_response(host: Host, client: Client, instance_id: str) -> None:
    urls = client.start("chain", instance_id, 4)
    host.engine.wait(instance_id, 10)
    status = client.http.get(urls["statusQueryGetUri"])
    assert status.status_code == 200
    assert status.json()["output"] == 14
    assert urls["statusQueryGetUri"].startswith(f"{host.address}{API}/instances/{instance_id}?")


def test_an_unknown_orchestrator_is_reported_by_name(client: Client) -> None:
    response = client.http.post(f"{API}/orchestrators/nobody", json=1)
    assert response.status_code == 400
    assert "'nobody' doesn't exist" in response.json()["ExceptionMessage"]


def test_an_instance_that_runs_cannot_be_started_again(client: Client, instance_id: str) -> None:
    client.start("sleep_then_wait", instance_id)
    response = client.http.post(f"{API}/orchestrators/chain/{instance_id}", json=1)
    assert response.status_code == 500
    assert "already exists" in response.json()["ExceptionMessage"]


def test_invalid_json_is_refused(client: Client, instance_id: str) -> None:
    assert client.http.post(f"{API}/orchestrators/chain", content="{").status_code == 400
    client.start("event_or_timeout", instance_id, 1)
    headers = {"Content-Type": "application/json"}
    url = f"{API}/instances/{instance_id}/raiseEvent/approve"
    assert client.http.post(url, content="{", headers=headers).status_code == 400
    assert client.http.post(url, content="{}", headers={"Content-Type": "text/plain"}).status_code == 400


def test_start_and_wait_answers_with_the_output(client: Client) -> None:
    response = client.http.post(f"{API}/orchestrators/parent?timeout=10&pollingInterval=1")
    assert response.status_code == 200
    assert [item["result"] for item in response.json()] == [9, 16]


def test_start_and_wait_gives_up_with_the_management_urls(client: Client) -> None:
    response = client.http.post(f"{API}/orchestrators/sleep_then_wait?timeout=0.01&pollingInterval=1")
    assert response.status_code == 202
    assert "statusQueryGetUri" in response.json()


def test_status_with_history_input_and_output(host: Host, client: Client, instance_id: str) -> None:
    client.start("chain", instance_id, 1)
    host.engine.wait(instance_id, 10)
    answer = client.call("get_status", instance_id, *SHOW_ALL)
    assert answer["status"]["runtimeStatus"] == "Completed"
    assert answer["status"]["input"] == "1"
    kinds = [item["EventType"] for item in answer["history"]]
    assert kinds == ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]
    completed = answer["history"][1]
    assert (completed["FunctionName"], completed["Result"]) == ("square", 0)
    assert completed["ScheduledTime"] <= completed["Timestamp"]


def test_the_status_of_an_unknown_instance_is_falsy(client: Client) -> None:
    assert client.call("get_status", "unknown") is None


def test_lists_of_statuses(host: Host, client: Client, instance_id: str) -> None:
    client.start("fails", instance_id, "x")
    host.engine.wait(instance_id, 10)
    assert instance_id in client.http.get("/client/list").json()
    assert instance_id in client.http.get("/client/list?status=Failed").json()
    assert instance_id not in client.http.get("/client/list?status=Completed").json()
    found = client.http.get(f"{API}/instances?instanceIdPrefix={instance_id}").json()
    assert found[0]["runtimeStatus"] == "Failed"
    assert "ValueError: boom x" in found[0]["output"]


def test_an_event_reaches_the_orchestrator(host: Host, client: Client, instance_id: str) -> None:
    client.start("event_or_timeout", instance_id, 1)
    client.call("raise_event", instance_id, "approve", {"by": "me"})
    assert '"approved": "{\\"by\\": \\"me\\"}"' in (host.engine.wait(instance_id, 10).output or "")


def test_an_event_for_nobody_is_an_error(host: Host, client: Client, instance_id: str) -> None:
    assert "No instance with ID unknown found" in client.error("raise_event", "unknown", "approve")
    client.start("chain", instance_id, 0)
    host.engine.wait(instance_id, 10)
    assert "is gone" in client.error("raise_event", instance_id, "approve")


def test_terminate(host: Host, client: Client, instance_id: str) -> None:
    client.start("sleep_then_wait", instance_id)
    client.call("terminate", instance_id, "enough of it")
    ended = host.engine.wait(instance_id, 10)
    assert (ended.runtime_status, ended.output) == ("Terminated", '"enough of it"')
    client.call("terminate", instance_id, "again")


def test_suspend_and_resume(host: Host, client: Client, instance_id: str) -> None:
    client.start("event_or_timeout", instance_id, 1)
    client.call("suspend", instance_id, "hold on")
    client.call("raise_event", instance_id, "approve", 1)
    assert client.http.get(f"{API}/instances/{instance_id}").status_code == 202
    client.call("resume", instance_id, "go on")
    assert host.engine.wait(instance_id, 10).runtime_status == "Completed"


def test_purge_one_and_many(host: Host, client: Client, instance_id: str) -> None:
    client.start("chain", instance_id, 0)
    host.engine.wait(instance_id, 10)
    assert client.call("purge_instance_history", instance_id) == 1
    assert client.call("purge_instance_history", instance_id) == 0
    client.start("chain", instance_id, 0)
    host.engine.wait(instance_id, 10)
    query = "createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Completed"
    assert client.http.delete(f"{API}/instances?{query}").json()["instancesDeleted"] >= 1
    assert client.http.delete(f"{API}/instances?{query}").status_code == 404
    assert client.http.delete(f"{API}/instances").status_code == 400


def test_purge_looks_at_no_state_unless_one_is_named_in_which_an_instance_is_over(
    host: Host, client: Client, instance_id: str
) -> None:
    client.start("sleep_then_wait", instance_id)
    created = "createdTimeFrom=2020-01-01T00:00:00Z"
    over = f"{created}&runtimeStatus=Completed,Failed,Terminated,Canceled"

    client.http.delete(f"{API}/instances?{over}")
    assert host.engine.status(instance_id) is not None
    assert client.http.delete(f"{API}/instances?{created}&runtimeStatus=Running").json()["instancesDeleted"] >= 1
    assert host.engine.status(instance_id) is None, "naming only states that are not over names none at all"

    client.start("sleep_then_wait", instance_id)
    assert client.call("purge_instance_history", instance_id) == 1
    assert host.engine.status(instance_id) is None, "one that runs is purged, too, by its id"
    assert client.http.delete(f"{API}/instances?createdTimeFrom=1-01-01T00:00:00Z").status_code == 400


def test_purge_of_a_parent_leaves_its_sub_orchestrations(host: Host, client: Client, instance_id: str) -> None:
    client.start("parent", instance_id)
    host.engine.wait(instance_id, 10)
    children = {each.instance_id for each in host.engine.query() if each.instance_id.startswith(instance_id)}
    children -= {instance_id}

    assert client.call("purge_instance_history", instance_id) == 1
    assert children
    assert all(host.engine.status(each) is not None for each in children)


def test_a_list_comes_in_pages_of_which_one_may_be_empty(host: Host, client: Client, instance_id: str) -> None:
    for each in range(3):
        client.start("chain", f"{instance_id}-{each}", each)
        host.engine.wait(f"{instance_id}-{each}", 10)
    client.start("fails", f"{instance_id}-9", "x")
    host.engine.wait(f"{instance_id}-9", 10)
    url = f"{API}/instances?instanceIdPrefix={instance_id}-&top=2&runtimeStatus=Failed"

    first = client.http.get(url)
    assert first.json() == []
    token = first.headers["x-ms-continuation-token"]
    second = client.http.get(url, headers={"x-ms-continuation-token": token})
    assert [each["instanceId"] for each in second.json()] == [f"{instance_id}-9"]
    assert second.headers["x-ms-continuation-token"] == ""


def test_restart_with_the_same_id(host: Host, client: Client, instance_id: str) -> None:
    client.start("chain", instance_id, 3)
    first = host.engine.wait(instance_id, 10)
    client.call("restart", instance_id, *SAME_ID)
    second = host.engine.wait(instance_id, 10)
    assert second.output == first.output == "5"
    assert second.execution_id != first.execution_id


def test_restart_with_a_new_id(host: Host, client: Client, instance_id: str) -> None:
    client.start("chain", instance_id, 3)
    host.engine.wait(instance_id, 10)
    urls = client.http.post(f"{API}/instances/{instance_id}/restart").json()
    assert urls["id"] != instance_id
    assert host.engine.wait(urls["id"], 10).output == "5"
    assert client.http.post(f"{API}/instances/unknown/restart").status_code == 400


def test_rewind_runs_a_failed_instance_again(host: Host, client: Client, instance_id: str) -> None:
    client.start("fails", instance_id, "x")
    host.engine.wait(instance_id, 10)
    before = len(host.engine.history(instance_id))
    client.call("rewind", instance_id, "once more")
    again = host.engine.wait(instance_id, 10)
    assert again.runtime_status == "Failed"
    assert len(host.engine.history(instance_id)) > before


def test_rewind_is_for_failed_instances(host: Host, client: Client, instance_id: str) -> None:
    client.start("chain", instance_id, 0)
    host.engine.wait(instance_id, 10)
    assert "only supported on failed" in client.error("rewind", instance_id, "why")
    assert "No instance with ID unknown found" in client.error("rewind", "unknown", "why")


def test_a_failure_is_500_only_on_request(host: Host, client: Client, instance_id: str) -> None:
    client.start("fails", instance_id, "x")
    host.engine.wait(instance_id, 10)
    url = f"{API}/instances/{instance_id}"
    assert client.http.get(url).status_code == 200
    assert client.http.get(f"{url}?returnInternalServerErrorOnFailure=true").status_code == 500


def test_other_paths_of_the_api_are_404(client: Client) -> None:
    assert client.http.get(f"{API}/entities/counter/k").status_code == 404


def test_an_asynchronous_activity_runs(host: Host, client: Client, instance_id: str) -> None:
    client.start("retried", instance_id)
    assert host.engine.wait(instance_id, 10).output == f'"asynchronous {instance_id}"'


def test_nobody_manages_orchestrations_without_the_key(host: Host, client: Client, http: httpx.Client) -> None:
    client.start("sleep_then_wait", "guarded")
    instance = f"{API}/instances/guarded"
    asked = [
        ("GET", instance),
        ("GET", f"{API}/instances"),
        ("DELETE", instance),
        ("POST", f"{instance}/terminate"),
        ("POST", f"{instance}/raiseEvent/approve"),
        ("POST", f"{API}/orchestrators/chain"),
        ("GET", f"{API}/anything"),
    ]
    for method, path in asked:
        for key in ("", "wrong", host.keys[EVENT_GRID], host.keys[MASTER]):
            assert http.request(method, path, params={"code": key}).status_code == 401, (method, path)
    assert http.get(instance, params={"code": host.keys[DURABLE]}).json()["runtimeStatus"] == "Running"


def test_what_durable_clients_ask_is_no_way_round_the_key(client: Client) -> None:
    client.start("sleep_then_wait", "rpc")
    for path in ("/durabletask/instances/rpc", "/durabletask/guess/instances/rpc", "/durabletask/"):
        assert client.http.get(path).status_code == 404


def test_management_urls_bring_the_key_to_whom_the_app_gives_them(host: Host, client: Client) -> None:
    urls = client.start("sleep_then_wait", "urls")
    assert parse_qs(urlsplit(urls["statusQueryGetUri"]).query)["code"] == [host.keys[DURABLE]]
    assert httpx.get(urls["statusQueryGetUri"]).status_code == 202


@pytest.mark.parametrize("instance_id", ["@i", "a%2Fb", "a%23", "a%5Cb", "a%3F", "a%0A", "i" * 257])
def test_an_instance_id_that_the_extension_refuses_is_refused(host: Host, http: httpx.Client, instance_id: str) -> None:
    response = http.post(f"{API}/orchestrators/chain/{instance_id}", params={"code": host.keys[DURABLE]})
    assert response.status_code == 400
    assert "is no instance id" in response.json()["ExceptionMessage"]


def test_an_instance_id_may_be_long(host: Host, http: httpx.Client) -> None:
    response = http.post(f"{API}/orchestrators/fails/{'i' * 256}", params={"code": host.keys[DURABLE]})
    assert response.status_code == 202
