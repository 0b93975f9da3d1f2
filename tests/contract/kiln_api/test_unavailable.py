"""Requests while the store or the task hub does not answer: each gets a 503, soon, and nothing counts as gone."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import web
from azure.core.pipeline.transport import HttpTransport
from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.utils.http_utils import _close_session
from azure.storage.blob import ExponentialRetry

from devkit.azurite.fault_proxy import FaultProxy
from devkit.host.durable_payloads import client_binding
from kiln import blobs
from kiln.errors import StorageUnavailable, TaskHubUnavailable
from kiln.ids import TemplateId
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.runs.documents import Documents, Stored, documents
from kiln.runs.ledger import Ledger
from kiln.runs.record import RunState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import settle
from kiln.sweep.contracts import SWEEP, SweepRequest
from tests.contract.kiln_api.conftest import template_body
from tests.contract.kiln_api.task_hub import TaskHub
from tests.contract.kiln_api.test_crashes import NOW, claimed, put, start
from tests.contract.kiln_api.test_hostile_requests import WEB, ask
from tests.own_clients import own_clients
from triggers import admission
from triggers import orchestrations as hub_module
from triggers.endpoint import HANDLERS, TEMPLATE_ROUTE
from triggers.handler import Endpoint
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import azure.functions as func

    from devkit.azurite import Azurite
    from devkit.local.in_process import InProcessAzure

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")
ENDPOINTS = [
    pytest.param(route, method, served, id=f"{method}-{served.handler.__name__}")
    for route, handlers in sorted(HANDLERS.items())
    for method, served in sorted(handlers.items())
]
GET = HANDLERS[TEMPLATE_ROUTE]["GET"]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pauses between tries pass at once."""
    monkeypatch.setattr(HttpTransport, "sleep", lambda *_: None)


@pytest.fixture
def no_store(azure_environment: InProcessAzure, hurried: None) -> Iterator[None]:  # noqa: ARG001 - set before
    """Let Kiln's state be at an address where nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with own_clients({"KILN_STATE_ENDPOINT": f"https://127.0.0.1:{closed.getsockname()[1]}/kilnstate"}):
            yield


def error(response: func.HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.get_body())["error"]
    return found


@pytest.mark.usefixtures("no_store")
@pytest.mark.parametrize(("route", "method", "served"), ENDPOINTS)
def test_no_route_fails_when_the_state_cannot_be_reached(route: str, method: str, served: Endpoint) -> None:
    body = json.dumps(template_body() if method == "PUT" and route == TEMPLATE_ROUTE else {}).encode()
    headers = {"X-Kiln-Timestamp": "1", "X-Kiln-Signature-256": "sha256=" + "0" * 64}
    sent = body if method in {"PUT", "PATCH", "POST"} and not route.endswith("/runs/{run}/retry") else b""
    answered = ask(served, method, route, body=sent, headers=headers)
    if served.handler.__name__ in {"list_operations", "show_health"}:
        assert answered.status_code == HTTPStatus.OK
        return
    assert answered.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert int(answered.headers["Retry-After"]) > 0
    told = error(answered)
    assert told["code"] == "StorageUnavailable"
    assert "KILN_STATE_ENDPOINT" in told["message"]


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"status": 500}, "500"),
        ({"status": 503, "code": "ServerBusy", "message": "the server is busy"}, "503 the server is busy"),
        ({"status": 429, "code": "TooManyRequests", "message": "slower"}, "429 slower"),
        ({"status": 403, "code": "AuthorizationFailure", "message": "not you"}, "403 not you"),
        ({"drop": "before"}, "not answer"),
        ({"delay": 3}, "not answer"),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.usefixtures("hurried")
def test_a_store_that_refuses_is_told_with_its_reason(
    azurite: Azurite, monkeypatch: pytest.MonkeyPatch, rule: dict[str, Any], word: str
) -> None:
    monkeypatch.setattr(blobs, "IMPATIENT", {"connection_timeout": 1, "read_timeout": 0.2})
    with FaultProxy(azurite.accounts.origin, azurite.certificates) as proxy:
        azurite.accounts.create("refusing")
        proxy.faults.replace([{"method": "*", "path": "/refusing/*", "times": 0, **rule}])
        with own_clients({"KILN_STATE_ENDPOINT": f"{proxy.origin}/refusing"}):
            began = time.monotonic()
            answered = ask(GET, "GET", TEMPLATE_ROUTE)
    assert answered.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert word in error(answered)["message"]
    assert time.monotonic() - began < admission.SECONDS


def test_the_store_has_half_a_minute_and_a_request_less_than_the_front_end_waits() -> None:
    policy = blobs.state_account("https://state.blob.core.windows.net")._config.retry_policy
    assert isinstance(policy, ExponentialRetry)
    pauses = sum(policy.get_backoff_time({"count": count}) for count in range(policy.total_retries))
    tries = 1 + policy.total_retries
    assert tries * max(blobs.IMPATIENT.values()) + pauses < 40
    assert hub_module.SECONDS < admission.SECONDS < 230


@pytest.mark.usefixtures("no_store")
def test_an_answer_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(admission, "SECONDS", 0.05)
    answered = ask(Endpoint(cast("Any", slow), GET.action), "GET", TEMPLATE_ROUTE)
    assert answered.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answered.headers["Retry-After"]


class NoHub(TaskHub):
    """A task hub that nobody can reach."""

    async def start_new(self, name: str, instance_id: str, client_input: Any) -> str:
        raise aiohttp.ClientConnectionError(f"{name} {instance_id} {client_input}")

    async def get_status(self, instance_id: str) -> Any:
        raise aiohttp.ClientConnectionError(instance_id)

    async def raise_event(self, instance_id: str, name: str, data: Any) -> None:
        raise aiohttp.ClientConnectionError(f"{instance_id} {name} {data}")


class FailingHub(NoHub):
    """A task hub that answers an error, which the client takes for a status."""

    async def get_status(self, instance_id: str) -> Any:
        return DurableOrchestrationStatus.from_json(
            {"Message": "Something went wrong", "ExceptionMessage": instance_id}
        )


@pytest.mark.parametrize("hub", [NoHub, FailingHub])
@pytest.mark.parametrize("path", ["run", "cancel", "DELETE", "PUT"])
def test_what_needs_the_task_hub_is_told_that_it_does_not_answer(path: str, hub: type[TaskHub]) -> None:
    template = settled()
    run = claimed(template) if path in {"cancel", "DELETE"} else None
    method = path if path.isupper() else "POST"
    route = TEMPLATE_ROUTE if path.isupper() else f"{TEMPLATE_ROUTE}/{path}"
    body = json.dumps(template_body("other", distribute=[{"type": "VHD", "runOutputName": "v"}])).encode()
    names = {"group": template.id.group}
    sent = body if path == "PUT" else b""
    answered = ask(HANDLERS[route][method], method, route, names=names, body=sent, hub=hub())
    assert answered.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert error(answered)["code"] == "DurableFunctionsUnavailable"
    if run is not None:
        assert Runs().require(run.template, run.run_id).state is RunState.CANCELING


def settled() -> Any:
    """Return a new template whose submission has succeeded."""
    name = TemplateId(subscription=WEB.subscription, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    made = put(name, template_body())
    return Templates().update(name, lambda known: settle(known, made.version, NOW, None))


def told(work: Callable[[Orchestrations], Awaitable[Any]], *answers: tuple[int, str]) -> Any:
    """Ask Microsoft's own client before a host that gives these answers, one after the other."""

    async def run() -> Any:
        left = list(answers)

        async def answer(_: web.Request) -> web.Response:
            status, text = left.pop(0)
            return web.Response(status=status, text=text, content_type="application/json")

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = cast("Any", site._server).sockets[0].getsockname()[1]
        origin = f"http://127.0.0.1:{port}"
        binding = client_binding(origin, f"{origin}/durabletask", "hub", "key", cast("Any", _Binding()))
        try:
            return await work(DurableOrchestrations(DurableOrchestrationClient(binding)))
        finally:
            await _close_session()
            await runner.cleanup()
            assert left == []

    return asyncio.run(run())


class _Binding:
    task_hub = None


def status(state: str, created: str = "2026-11-22T02:21:12Z") -> tuple[int, str]:
    facts = {"name": "x", "instanceId": "i", "runtimeStatus": state, "createdTime": created}
    return (202 if state == "Running" else 200), json.dumps(facts)


NONE = (404, "")
FAILURE = (500, '{"Message":"Something went wrong","ExceptionMessage":"the storage account is away"}')
GONE = (410, "")


def asked(orchestrations: Orchestrations) -> Awaitable[RuntimeStatus]:
    return orchestrations.status("i")


def begin(orchestrations: Orchestrations) -> Awaitable[None]:
    return orchestrations.start(SWEEP, "i", SweepRequest())


async def look_and_begin(orchestrations: Orchestrations) -> None:
    await orchestrations.status("i")
    await begin(orchestrations)


def end(orchestrations: Orchestrations) -> Awaitable[bool]:
    return orchestrations.cancel("i")


def test_an_error_of_the_task_hub_is_no_instance_that_never_was() -> None:
    assert told(asked, NONE) is RuntimeStatus.MISSING
    assert told(asked, status("Running")) is RuntimeStatus.RUNNING
    assert told(asked, status("Terminated")) is RuntimeStatus.FAILED
    for wrong in (FAILURE, (503, "{}"), (502, "<html>"), (429, '"slower"')):
        with pytest.raises(TaskHubUnavailable):
            told(asked, wrong)


def test_who_is_second_to_start_an_instance_that_ended_already_is_told_nothing_of_it() -> None:
    told(begin, FAILURE, status("Running"))
    told(begin, FAILURE, status("Completed"))
    told(look_and_begin, NONE, FAILURE, status("Failed"))
    told(look_and_begin, status("Completed"), FAILURE, status("Completed", "2026-11-22T02:30:00Z"))


def test_a_start_that_never_came_about_is_told() -> None:
    for answers in (
        (NONE, FAILURE, NONE),
        (NONE, FAILURE, FAILURE),
        (status("Completed"), FAILURE, status("Completed")),
        (status("Failed"), (400, '{"ExceptionMessage":"no such function"}'), status("Failed")),
    ):
        with pytest.raises(TaskHubUnavailable):
            told(look_and_begin, *answers)


def test_a_cancel_of_what_ends_in_between_finds_nothing_to_cancel() -> None:
    assert told(end, NONE) is False
    assert told(end, status("Running"), (202, "")) is True
    assert told(end, status("Running"), GONE, status("Completed")) is False
    assert told(end, status("Running"), (404, ""), NONE) is False
    with pytest.raises(TaskHubUnavailable):
        told(end, status("Running"), FAILURE, status("Running"))


def test_a_task_hub_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(TaskHub):
        async def get_status(self, instance_id: str) -> Any:
            await asyncio.Event().wait()
            return instance_id

    monkeypatch.setattr(hub_module, "SECONDS", 0.05)
    with pytest.raises(TaskHubUnavailable, match="within"):
        asyncio.run(DurableOrchestrations(cast("Any", Hanging())).status("i"))


def test_a_run_that_ends_before_its_start_was_asked_about_is_started_once() -> None:
    """The build begins and ends while another request for the run has tried to start it, and not yet asked about it."""
    template = settled()
    hub, run = TaskHub(), claimed(template)

    async def overtaken() -> None:
        hub.before_start = TaskHub().before_start
        await hub.start_new("build_image", run.instance_id, {})
        hub.instances[run.instance_id] = OrchestrationRuntimeStatus.Completed
        raise RuntimeError("the instance is Running")

    hub.before_start = overtaken
    assert start(hub, template).run_id == run.run_id
    assert hub.started == [("build_image", run.instance_id)]


DOCUMENT = Ledger(run_id="1")
STORED = Stored[Ledger](content=DOCUMENT, etag='"0x1"')
USES: dict[str, Callable[[Documents], object]] = {
    "get": lambda store: store.get("a.json", Ledger),
    "create": lambda store: store.create("a.json", DOCUMENT),
    "replace": lambda store: store.replace("a.json", DOCUMENT, STORED.etag),
    "update": lambda store: store.update("a.json", Ledger, lambda known: known),
    "change": lambda store: store.change("a.json", STORED, lambda _: Ledger(run_id="2")),
    "put": lambda store: store.put("a.json", DOCUMENT, lambda known: known),
    "delete": lambda store: store.delete("a.json"),
    "delete_unchanged": lambda store: store.delete_unchanged("a.json", STORED.etag),
    "paths": lambda store: list(store.paths("a")),
    "listed": lambda store: list(store.listed("a")),
    "older": lambda store: list(store.older("a", NOW)),
    "labelled": lambda store: list(store.labelled("a", "underway")),
    "told": lambda store: list(store.told("a", "underway")),
}


@pytest.mark.usefixtures("no_store")
@pytest.mark.parametrize("name", [name for name in vars(Documents) if not name.startswith("_")])
def test_whatever_is_asked_of_a_store_that_does_not_answer_is_told_as_that(name: str) -> None:
    with pytest.raises(StorageUnavailable, match="state does not answer"):
        USES[name](documents())
