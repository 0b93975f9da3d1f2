"""The API without a host: requests go to the very handlers that the host would call, over a task hub that remembers."""

from __future__ import annotations

import asyncio
import functools
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import azure.functions as func

from devkit.host.paths import decoded
from devkit.host.routes import Router, compile_route
from tests.answers import ANSWERED
from tests.authority import Authority
from tests.contract.kiln_api.task_hub import TaskHub
from triggers.endpoint import HANDLERS, answer
from triggers.handler import Endpoint
from triggers.provider import refuse_subscription_path


@dataclass(frozen=True)
class Answer:
    """One answer of the API; `body` is None where there was none."""

    status: HTTPStatus
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> dict[str, Any]:
        """The error, in Resource Manager's shape."""
        error: dict[str, Any] = self.body["error"]
        assert set(error) <= {"code", "message", "target", "details"}
        assert error["code"]
        assert error["message"]
        return error


AUTHORITY = Authority()
ADMIN = AUTHORITY.token("Kiln.Admin")


@dataclass
class Api:
    """The API over `hub`. Its answers are judged by Microsoft's specification, unless the bodies are fuzz.

    Requests have `token` (None: none), `settings` are the gate's, such as `KILN_GRANTS`.
    """

    hub: TaskHub = field(default_factory=TaskHub)
    judged: bool = True
    api_version: str = "2025-10-01"
    token: str | None = ADMIN
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Build the gate."""
        self.gate = AUTHORITY.gate(**self.settings)

    def __call__(
        self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None, **headers: str
    ) -> Answer:
        """Send a request; `body` is JSON, or the very bytes."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        served, route = _found(method, path)
        signed = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        request = func.HttpRequest(
            method,
            f"http://127.0.0.1:7071{path}",
            headers={**signed, **headers},
            params={"api-version": self.api_version, **(query or {})},
            route_params=route,
            body=raw,
        )
        response: Any = asyncio.run(answer(served, request, self.hub, self.gate))
        text = response.get_body()
        if self.judged:
            headers = {**response.headers, "Content-Type": response.mimetype}
            ANSWERED.observe(method, f"{path}?api-version={self.api_version}", raw, response.status_code, headers, text)
        is_json = response.mimetype == "application/json"
        content = json.loads(text) if text and is_json else text or None
        return Answer(HTTPStatus(response.status_code), content, dict(response.headers))


@functools.cache
def _router() -> Router[Endpoint]:
    return Router(
        compile_route(f"http_{served.handler.__name__}", route, [method], served)
        for route, handlers in HANDLERS.items()
        for method, served in handlers.items()
    )


def _found(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    found = _router().match(method, decoded(path))
    return found or (Endpoint(refuse_subscription_path, "operations/read", partly=True), {})
