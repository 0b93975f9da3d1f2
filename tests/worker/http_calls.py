"""One HTTP request, put to Microsoft's worker as the host's message and to the local host over the network."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.worker.process import Message, MicrosoftWorker

CLIENT = "client"
_SECONDS = 60
_OF_THE_SERVER = {"content-length", "date", "server"}


@dataclass(frozen=True)
class Request:
    """A request to the function that serves `route`, whose `parameters` are not encoded."""

    function: str
    method: str
    route: str
    parameters: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.target} ({self.function})"

    @property
    def target(self) -> str:
        """The path with its query."""
        path = self.route
        for name, value in self.parameters.items():
            path = path.replace(f"{{{name}}}", quote(value)).replace(f"{{*{name}}}", quote(value))
        return f"/{path}?{urlencode(self.query)}" if self.query else f"/{path}"

    @property
    def content(self) -> bytes:
        """The body."""
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Answer:
    """A status, headers (lower case; without what a server adds) and a body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body, None without one."""
        return json.loads(self.body) if self.body else None


def of_worker(worker: MicrosoftWorker, request: Request, address: str, client: str) -> Answer:
    """Let Microsoft's worker answer a request to a server at `address`; `client` is the durable client's JSON."""
    response = worker.invoke(
        request.function, {"req": {"http": rpc_http(request, address)}, CLIENT: {"string": client}}
    )
    assert response["result"].get("status") == "Success", f"{request}: {response['result']}"
    http = response["return_value"]["http"]
    headers = {name.lower(): value for name, value in http.get("headers", {}).items()}
    return Answer(int(http["status_code"]), headers, base64.b64decode(http.get("body", {}).get("bytes", "")))


def rpc_http(request: Request, address: str) -> Message:
    """Return the RpcHttp that the host makes of a request (ToRpcHttp in Azure/azure-functions-host).

    Names of headers are in lower case; the body is bytes, as the worker's capability RawHttpBodyBytes asks for.
    """
    headers = {"host": address.partition("://")[2], "accept": "*/*", **_headers(request)}
    message: Message = {
        "method": request.method,
        "url": f"{address}{request.target}",
        "headers": {name.lower(): value for name, value in headers.items()},
        "params": dict(request.parameters),
        "query": {name: value for name, value in parse_qsl(urlencode(request.query)) if value},
    }
    if request.content:
        message["body"] = {"bytes": base64.b64encode(request.content).decode()}
    return message


def of_twin(request: Request, address: str) -> Answer:
    """Ask the local host at `address`."""
    with httpx.Client(base_url=address, timeout=_SECONDS, trust_env=False) as client:
        answer = client.request(request.method, request.target, headers=_headers(request), content=request.content)
    headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_SERVER}
    return Answer(answer.status_code, headers, answer.content)


def _headers(request: Request) -> dict[str, str]:
    kind = {"Content-Type": "application/json", "Content-Length": str(len(request.content))} if request.content else {}
    return {**kind, **request.headers}
