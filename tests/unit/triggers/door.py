"""A route's endpoint before a handler that does nothing, and callers of every kind."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.functions as func
import pytest

import triggers
from kiln.access.roles import APP_ROLES
from tests.authority import ME, Authority
from tests.unit.triggers.requests import SUBSCRIPTION
from triggers.endpoint import HANDLERS, answer
from triggers.reply import Reply

if TYPE_CHECKING:
    from kiln.access.gate import Gate
    from triggers.call import Call
    from triggers.handler import Endpoint

AUTHORITY = Authority()
assert triggers.blueprints, "importing them registers every route"
ROUTES = [
    pytest.param(method, route, id=f"{method} {served.handler.__name__}")
    for route, methods in HANDLERS.items()
    for method, served in methods.items()
]
APP_ROLES_OF: dict[str, tuple[str, ...] | None] = {
    "anonymous": None,
    "without a role": (),
    **{name: (name,) for name in APP_ROLES},
}
TOKENS = {name: None if roles is None else AUTHORITY.token(*roles) for name, roles in APP_ROLES_OF.items()}
"""Callers by name, and the token that each sends."""
BAD_TOKENS = {
    "another audience": AUTHORITY.token("Kiln.Admin", aud="https://management.azure.com"),
    "another issuer": AUTHORITY.token("Kiln.Admin", iss="https://sts.example/other/"),
    "another tenant": AUTHORITY.token("Kiln.Admin", tid="22222222-2222-2222-2222-222222222222"),
    "expired": AUTHORITY.token("Kiln.Admin", exp=1),
    "not yet": AUTHORITY.token("Kiln.Admin", nbf=2**40),
    "an unknown key": AUTHORITY.token("Kiln.Admin", key_id="strange"),
    "roles that are a text": AUTHORITY.token(roles="Kiln.Admin"),
    "nonsense": "x.y.z",
}
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
WEB = f"{GROUP}/providers/Microsoft.VirtualMachineImages/imageTemplates/web"
VALUES = {
    "subscription": SUBSCRIPTION,
    "group": "rg",
    "name": "web",
    "trigger": "nightly",
    "run": "20261122-022112-3f9c8a1b",
    "version": "1",
    "output": "disk",
    "location": "westeurope",
    "operation": "00000000-0000-0000-0000-00000000000b",
}


@dataclass
class Door:
    """A route's endpoint with a handler that only remembers that it was called."""

    served: Endpoint
    at: Gate = field(default_factory=AUTHORITY.gate)
    outcome: Reply | Exception = field(default_factory=lambda: Reply(HTTPStatus.NO_CONTENT))
    calls: list[Call] = field(default_factory=list)

    async def handler(self, call: Call) -> Reply:
        await asyncio.sleep(0)
        self.calls.append(call)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def ask(self, method: str, route: str, token: str | None, query: Any = None, **headers: str) -> Any:
        """Send a request with values for the route's parameters, and return the answer."""
        path = "/" + route
        for name, value in VALUES.items():
            path = path.replace(f"{{{name}}}", value)
        signed = {"Authorization": f"Bearer {token}"} if token is not None else {}
        request = func.HttpRequest(
            method,
            f"http://127.0.0.1:7071{path}",
            headers={**signed, **headers},
            params={"api-version": "2025-10-01"} if query is None else query,
            route_params={name: value for name, value in VALUES.items() if f"{{{name}}}" in route},
            body=b"{}",
        )
        return asyncio.run(answer(replace(self.served, handler=self.handler), request, None, self.at))


TEMPLATE = next(route for route in HANDLERS if route.endswith("/imageTemplates/{name}"))


def door(method: str = "GET", route: str = TEMPLATE, **settings: str) -> Door:
    return Door(HANDLERS[route][method], AUTHORITY.gate(**settings))


def code(response: Any) -> str:
    return str(json.loads(response.get_body())["error"]["code"])


def granted(role: str, scope: str) -> str:
    return json.dumps([{"principal": ME, "role": role, "scope": scope}])
