"""Texts that do not decode, have no end or mean nothing, in each part of each request: refused, never a failure.

The state is in memory, so that reading it cannot fail.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.functions as func
import pytest

from kiln.ids import TemplateId
from kiln.lifecycle.submit import Submission, submit
from kiln.runs import documents
from kiln.runs.new_run import new_run
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begin
from kiln.runs.versions import Versions
from tests.app_settings import set_settings
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import ADMIN, AUTHORITY
from tests.contract.kiln_api.task_hub import TaskHub
from tests.contract.kiln_api.test_crashes import NOW
from tests.faults.memory import MemoryDocuments
from tests.own_clients import own_clients
from triggers.endpoint import HANDLERS, TEMPLATE_ROUTE, answer
from triggers.reply import Reply
from triggers.throttle import SETTING, throttle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triggers.handler import Endpoint

WEB = TemplateId(subscription=SUBSCRIPTION, group="rg", name="web")
BODIES = (
    b"\xff", b"\xed\xa0\x80", b'{"a": "\\ud800"}', b'{"a": "\\u0000"}', b'{"a": 1, "a": 2}', b"9" * 5000,
    b'{"a": 1e999}', b"NaN", b"[" * 100_000, b'{"a":' * 100_000, b"\x00", b"1", b'"x"', b"[]",
)  # fmt: skip
ROUTE = {
    "subscription": SUBSCRIPTION,
    "group": "rg",
    "name": "web",
    "run": f"{NOW:%Y%m%d-%H%M%S}-00000001",
    "version": "1",
    "trigger": "t",
    "output": "gallery",
    "location": "westeurope",
    "operation": SUBSCRIPTION,
    "rest": "x",
}
NASTY = (
    "é",
    "\u0661",  # a digit, though not one of ASCII
    "²",
    "K",  # the KELVIN SIGN
    "\0",
    "a\r\nb: c",
    "\ud800",
    "\udcff",  # a byte that did not decode
    "%00",
    "%ff",
    "%ud800",
    "9" * 5000,
    "-1",
    "1e999",
    "NaN",
    "[" * 50_000,
    "x" * 50_000,
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59",
    "9999-12-31",
    "=" * 7,
    "",
    "*",
    '"',
    "W/",
)
QUERIES = ("api-version", "$skiptoken", "after", "name", "offset", "sweep")
HEADERS = (
    "Authorization", "Content-Type", "If-Match", "If-None-Match", "x-ms-client-request-id",
    "x-ms-correlation-request-id", "X-Forwarded-Proto", "X-Forwarded-Host", "Host", "X-MS-CLIENT-PRINCIPAL",
    "X-Kiln-Signature-256", "X-Kiln-Timestamp", "Prefer",
)  # fmt: skip
IN_BLOBS = {"list_events"}
"""Functions whose answers are not read from the state's documents."""
ENDPOINTS = [
    pytest.param(route, method, served, id=f"{method}-{served.handler.__name__}")
    for route, handlers in sorted(HANDLERS.items())
    for method, served in sorted(handlers.items())
    if served.handler.__name__ not in IN_BLOBS
]
TOKENS = (
    *NASTY,
    *(f"{nasty}.{nasty}.{nasty}" for nasty in NASTY),
    *(f"{base64.urlsafe_b64encode(header.encode()).decode()}.e30.x" for header in (
        "[" * 50_000, '{"a":' * 50_000, '{"alg":"RS256","kid":' + "9" * 5000 + "}", '{"alg":"RS256","kid":{}}',
        "{}", "1",
        '{"alg":["RS256"],"kid":"one"}', '{"alg":"RS256","kid":"one","b64":false,"crit":["b64"]}', "\ufeff{}",
        '{"alg":"RS256","kid":"\\ud800"}',
    )),
)  # fmt: skip


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A template with a run, in memory."""
    monkeypatch.setattr(documents, "Documents", MemoryDocuments)
    with own_clients({"KILN_STATE_ENDPOINT": "https://state.blob.core.windows.net", SETTING: "0"}):
        throttle.cache_clear()
        submit(
            Templates(), Versions(), Submission(template=WEB, body=lambda _: template_body(), at=NOW, suffix="0" * 8)
        )
        run = new_run(Templates().require(WEB), NOW, "00000001")
        Runs().create(run)
        Templates().update(WEB, lambda known: begin(known, run))
        yield
    throttle.cache_clear()


def ask(served: Endpoint, method: str, route: str, **parts: Any) -> func.HttpResponse:
    """Send a request that is good but for `parts`."""
    names = {name: ROUTE[name] for name in re.findall(r"{\*?(\w+)}", route)} | parts.get("names", {})
    request = func.HttpRequest(
        method,
        f"http://127.0.0.1:7071/{parts.get('path', 'x')}",
        headers={"Authorization": f"Bearer {ADMIN}"} | parts.get("headers", {}),
        params={"api-version": "2025-10-01"} | parts.get("query", {}),
        route_params=names,
        body=parts.get("body", b""),
    )
    return asyncio.run(answer(served, request, parts.get("hub") or TaskHub(), AUTHORITY.gate()))


def failures(served: Endpoint, method: str, route: str, asked: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Yield the requests that fail."""
    for parts in asked:
        try:
            status = ask(served, method, route, **parts).status_code
        except Exception as error:  # noqa: BLE001 - which one is what is asked
            yield f"{str(parts)[:90]}: {error!r}"
            continue
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            yield f"{str(parts)[:90]}: {status}"


@pytest.mark.parametrize(("route", "method", "served"), ENDPOINTS)
def test_no_text_in_a_path_makes_a_request_fail(route: str, method: str, served: Endpoint) -> None:
    names = re.findall(r"{\*?(\w+)}", route)
    asked = ({"names": {name: nasty}, "path": nasty} for name in names for nasty in NASTY)
    assert list(failures(served, method, route, asked)) == []


def test_no_text_in_a_query_makes_a_request_fail() -> None:
    for route, handlers in sorted(HANDLERS.items()):
        served = handlers.get("GET")
        if served is not None and served.handler.__name__ not in IN_BLOBS:
            asked = ({"query": {name: nasty}} for name in QUERIES for nasty in NASTY)
            assert list(failures(served, "GET", route, asked)) == []


@pytest.mark.parametrize(
    ("route", "method"),
    [(TEMPLATE_ROUTE, "GET"), (TEMPLATE_ROUTE, "PATCH"), (f"{TEMPLATE_ROUTE}/triggers/{{trigger}}/fire", "POST")],
)
def test_no_text_in_a_header_makes_a_request_fail(route: str, method: str) -> None:
    asked = ({"headers": {name: nasty}, "body": b"{}"} for name in HEADERS for nasty in NASTY)
    assert list(failures(HANDLERS[route][method], method, route, asked)) == []


@pytest.mark.parametrize("header", ["Authorization", "X-MS-CLIENT-PRINCIPAL"])
def test_a_token_that_is_none_is_refused(header: str) -> None:
    served = HANDLERS[TEMPLATE_ROUTE]["GET"]
    for token in TOKENS:
        sent = (
            {"Authorization": f"Bearer {token}"} if header == "Authorization" else {"Authorization": "", header: token}
        )
        assert ask(served, "GET", TEMPLATE_ROUTE, headers=sent).status_code == HTTPStatus.UNAUTHORIZED, token[:90]


def test_bytes_that_are_no_token_count_as_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, **{SETTING: "0.01"})
    throttle.cache_clear()
    served, sent = HANDLERS[TEMPLATE_ROUTE]["GET"], {"Authorization": "Bearer \udcff"}
    told = [ask(served, "GET", TEMPLATE_ROUTE, headers=sent).status_code for _ in range(3)]
    assert told == [HTTPStatus.UNAUTHORIZED] * 2 + [HTTPStatus.TOO_MANY_REQUESTS]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_means_nothing_is_refused(body: bytes) -> None:
    for route, method in ((TEMPLATE_ROUTE, "PUT"), (TEMPLATE_ROUTE, "PATCH"), (f"{TEMPLATE_ROUTE}/run", "POST")):
        answered = ask(HANDLERS[route][method], method, route, body=body)
        assert answered.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}, body[:90]


def test_half_a_character_that_came_in_a_request_can_be_told_of() -> None:
    reply = Reply(HTTPStatus.BAD_REQUEST, {"error": {"message": "no \ud800"}})
    assert json.loads(reply.response({}).get_body()) == reply.body
