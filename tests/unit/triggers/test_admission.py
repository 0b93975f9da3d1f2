"""Every route with every kind of caller: those who are let in or refused, and the order of the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import triggers
from kiln.access.gate import Gate, gate
from kiln.access.roles import APP_ROLES, LEAST
from kiln.errors import ResourceNotFound
from tests.app_settings import set_settings
from tests.authority import ME, Authority, access_settings
from tests.unit.triggers.door import (
    APP_ROLES_OF,
    AUTHORITY,
    BAD_TOKENS,
    GROUP,
    ROUTES,
    TEMPLATE,
    TOKENS,
    WEB,
    Door,
    code,
    door,
    granted,
)  # fmt: skip
from tests.unit.triggers.requests import SUBSCRIPTION
from triggers.endpoint import HANDLERS
from triggers.handler import Endpoint
from triggers.provider import refuse_provider_path, refuse_subscription_path
from triggers.throttle import SETTING, throttle

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    set_settings(monkeypatch, **{SETTING: "0"})
    throttle.cache_clear()
    yield
    throttle.cache_clear()


@pytest.mark.parametrize("caller", APP_ROLES_OF)
@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_a_route_is_for_the_least_role_of_its_action_and_those_above(method: str, route: str, caller: str) -> None:
    there = door(method, route)
    response = there.ask(method, route, TOKENS[caller])
    if there.served.signed:
        assert len(there.calls) == 1, "the handler knows its callers by their signatures"
        return
    if APP_ROLES_OF[caller] is None:
        assert (response.status_code, code(response)) == (401, "AuthenticationFailed")
        assert response.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    elif any(APP_ROLES[role] >= LEAST[there.served.action] for role in APP_ROLES_OF[caller] or ()):
        assert (response.status_code, len(there.calls)) == (204, 1)
        return
    else:
        assert (response.status_code, code(response)) == (403, "AuthorizationFailed")
        assert there.served.action.encode() in response.get_body()
    assert there.calls == []


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_nothing_that_is_set_closes_every_route_but_what_is_signed(method: str, route: str) -> None:
    there = Door(HANDLERS[route][method], Gate(access_settings()))
    response = there.ask(method, route, TOKENS["Kiln.Admin"])
    assert response.status_code == (204 if there.served.signed else 401)
    assert b"KILN" not in (response.get_body() or b"")


def test_the_webhook_alone_is_signed() -> None:
    signed = [served.handler.__name__ for methods in HANDLERS.values() for served in methods.values() if served.signed]
    assert signed == ["fire_webhook"]


@pytest.mark.parametrize("handler", [refuse_provider_path, refuse_subscription_path])
@pytest.mark.parametrize(("caller", "status"), [("anonymous", 401), ("without a role", 403), ("Kiln.Reader", 204)])
def test_paths_that_nothing_serves_are_told_of_to_callers_alone(handler: Any, caller: str, status: int) -> None:
    there = Door(Endpoint(handler, "operations/read", partly=True))
    assert there.ask("POST", "providers/x", TOKENS[caller]).status_code == status


def test_every_function_that_answers_requests_is_an_endpoint_of_these() -> None:
    functions = [function for bp in triggers.blueprints for function in bp._function_builders]
    asked = {
        function._function.get_function_name()
        for function in functions
        if function._function.get_trigger().get_binding_name() == "httpTrigger"
    }
    known = {f"http_{served.handler.__name__}" for methods in HANDLERS.values() for served in methods.values()}
    assert asked == known | {"otherwise_refuse_provider_path", "otherwise_refuse_subscription_path"}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=list(BAD_TOKENS))
def test_a_token_that_is_not_good_is_no_token_whatever_is_asked(token: str) -> None:
    there = door()
    response = there.ask("GET", TEMPLATE, token, query={})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    assert there.calls == []


def test_without_keys_clients_are_told_to_wait(caplog: pytest.LogCaptureFixture) -> None:
    there = Door(HANDLERS[TEMPLATE]["GET"], Authority(is_up=False).gate())
    response = there.ask("GET", TEMPLATE, TOKENS["Kiln.Admin"])
    assert (response.status_code, code(response)) == (503, "SignInUnavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert "the network is down" in caplog.text


@pytest.mark.parametrize(
    ("scope", "status"),
    [("/", 204), (f"/subscriptions/{SUBSCRIPTION}", 204), (GROUP.upper(), 204),
     (WEB, 204), (WEB + "*", 204), (WEB[:-1] + "*", 204), (GROUP[:-1], 403), (GROUP + "b", 403), (WEB[:-1], 403),
     (WEB + "2*", 403), (GROUP.replace("0001", "0002"), 403)],
)  # fmt: skip
def test_a_grant_lets_in_where_it_covers(scope: str, status: int) -> None:
    there = door(KILN_GRANTS=granted("Reader", scope))
    assert there.ask("GET", TEMPLATE, TOKENS["without a role"]).status_code == status
    assert (
        door("PUT", KILN_GRANTS=granted("Reader", scope)).ask("PUT", TEMPLATE, TOKENS["without a role"]).status_code
        == 403
    )


@pytest.mark.parametrize("route", [route for route in HANDLERS if "{name}" not in route and "GET" in HANDLERS[route]])
def test_a_list_is_for_whoever_may_read_something_in_its_scope(route: str) -> None:
    served = HANDLERS[route]["GET"]
    inside = Door(served, AUTHORITY.gate(KILN_GRANTS=granted("Admin", WEB)))
    assert inside.ask("GET", route, TOKENS["without a role"]).status_code == (204 if served.partly else 403)
    elsewhere = Door(served, AUTHORITY.gate(KILN_GRANTS=granted("Admin", WEB.replace("0001", "0002"))))
    anywhere = "{subscription}" not in route
    assert elsewhere.ask("GET", route, TOKENS["without a role"]).status_code == (204 if anywhere else 403)


def test_who_may_not_is_told_nothing_of_what_there_is() -> None:
    there, missing = door(), door()
    missing.outcome = ResourceNotFound("There is no such thing.")
    answers = [each.ask("GET", TEMPLATE, TOKENS["without a role"]) for each in (there, missing)]
    assert answers[0].get_body() == answers[1].get_body()
    assert (there.calls, missing.calls) == ([], [])


def test_who_is_not_known_is_told_not_even_of_a_wrong_api_version() -> None:
    assert door().ask("GET", TEMPLATE, None, query={}).status_code == 401
    assert door().ask("GET", TEMPLATE, TOKENS["without a role"], query={}).status_code == 400


def test_a_handler_knows_its_caller_and_what_he_may() -> None:
    there = door(KILN_GRANTS=granted("Reader", WEB))
    there.ask("GET", TEMPLATE, TOKENS["without a role"])
    (call,) = there.calls
    assert call.caller is not None
    assert call.caller.object_id == ME
    assert call.may("imageTemplates/read", WEB.upper())
    assert not call.may("imageTemplates/write", WEB)
    assert not call.may("imageTemplates/read", WEB + "2")


def test_the_apps_own_settings_are_the_gate_unless_another_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_AUTH_AUTHORITY=None, KILN_AUTH_AUDIENCES=None)
    gate.cache_clear()
    there = door()
    there.at = None  # type: ignore[assignment]  # as the Functions worker calls it
    assert there.ask("GET", TEMPLATE, TOKENS["Kiln.Admin"]).status_code == 401
    gate.cache_clear()


def test_without_what_the_app_needs_nobody_is_let_in_and_the_log_alone_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state?sig=s3cret", KILN_HISTORY_DAYS="a month")
    gate.cache_clear()
    there = door()
    there.at = None  # type: ignore[assignment]  # as the Functions worker calls it
    response = there.ask("GET", TEMPLATE, TOKENS["Kiln.Admin"])
    gate.cache_clear()

    assert (response.status_code, there.calls) == (500, [])
    assert b"KILN" not in response.get_body()
    assert "KILN_HISTORY_DAYS is 'a month', which is not valid: expected a whole number from 0 to 36500" in caplog.text
    assert "KILN_STATE_ENDPOINT is not valid: expected an http or https URL" in caplog.text
    assert "s3cret" not in caplog.text
