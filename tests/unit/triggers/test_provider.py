from __future__ import annotations

import re
from datetime import UTC, datetime

import azure.functions as func
import pytest

import triggers
from kiln.access.roles import LEAST
from kiln.errors import ResourceNotFound
from triggers.call import Call
from triggers.endpoint import HANDLERS
from triggers.orchestrations import DurableOrchestrations
from triggers.provider import DOINGS, unserved
from triggers.refusals import MethodNotAllowed

TEMPLATES = "/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates"


def call(method: str, path: str) -> Call:
    request = func.HttpRequest(
        method, f"http://127.0.0.1{path}", params={"api-version": "2025-10-01"}, route_params={}, body=b""
    )
    return Call.read(request, DurableOrchestrations(None), datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", f"{TEMPLATES}/web", ("DELETE", "GET", "PATCH", "PUT")),
        ("GET", f"{TEMPLATES}/web/RUN", ("POST",)),
        ("HEAD", f"{TEMPLATES.upper()}/web/", ("DELETE", "GET", "PATCH", "PUT")),
        ("PUT", f"{TEMPLATES}/web/runs/r/log", ("GET",)),
    ],
)
def test_a_known_path_names_its_methods(method: str, path: str, allowed: tuple[str, ...]) -> None:
    error = unserved(call(method, path))
    assert isinstance(error, MethodNotAllowed)
    assert error.allowed == allowed


@pytest.mark.parametrize(
    "path", ["/subscriptions", f"{TEMPLATES}/web/nonsense", TEMPLATES.replace("imageT", "t"), "/providers/x"]
)
def test_any_other_path_is_not_found(path: str) -> None:
    error = unserved(call("GET", path))
    assert isinstance(error, ResourceNotFound)
    assert error.detail.code == "InvalidResourceType"


def test_an_empty_name_in_a_path_is_told() -> None:
    error = unserved(call("POST", TEMPLATES.replace("/providers", "//providers") + "/web/run"))
    assert isinstance(error, ResourceNotFound)
    assert "'//' in a path is an empty name" in error.detail.message


def test_the_list_of_operations_has_all_that_routes_do_and_nothing_else() -> None:
    assert triggers.blueprints  # importing them registers every route
    done = {served.action for methods in HANDLERS.values() for served in methods.values()}
    assert {doing.name for doing in DOINGS} == done


def test_the_action_of_an_endpoint_is_what_its_route_does() -> None:
    for route, methods in HANDLERS.items():
        for method, served in methods.items():
            assert served.action == _doing(method, route)


def test_every_action_is_some_roles_but_what_is_signed() -> None:
    signed = {served.action for methods in HANDLERS.values() for served in methods.values() if served.signed}
    assert signed == {"imageTemplates/triggers/fire/action"}
    assert {doing.name for doing in DOINGS} - signed == set(LEAST)


WHOLE = {"sweep_now", "show_health"}
"""Actions on Kiln as a whole, which a role for a part of the subscription does not allow."""


def test_a_route_that_names_no_template_shows_a_part_alone_of_what_there_is() -> None:
    outer = {served.handler.__name__ for route, methods in HANDLERS.items() for served in methods.values()
             if "{name}" not in route and not served.partly}  # fmt: skip
    inner = {served.handler.__name__ for route, methods in HANDLERS.items() for served in methods.values()
             if "{name}" in route and served.partly}  # fmt: skip
    assert (outer, inner) == (WHOLE, set())


def _doing(method: str, route: str) -> str:
    """Return the action of a route, by Resource Manager's rule: types, then read, write, delete or action."""
    parts = re.sub(r"\{[^}]*\}", "", route.split("Microsoft.VirtualMachineImages/", 1)[1]).split("/")
    types = "/".join(part for part in parts if part).replace("operationResults", "operations")
    verb = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete", "POST": "action"}[method]
    return f"{types}/{verb}"
