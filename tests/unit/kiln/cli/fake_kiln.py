"""Kiln's REST API in memory, below the HTTP clients that the command really uses: `requests` for the API.

A run is a script: the list of its resource's states, one for each time that somebody looks at it.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDER = "Microsoft.VirtualMachineImages"
ENDPOINT = "https://127.0.0.1:7071"
TEMPLATES = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images"
    "/providers/Microsoft.VirtualMachineImages/imageTemplates"
)
RUN_ID = "20260716-090000-1a2b3c4d"
RETRY_ID = "20260716-100000-5e6f7a8b"


@dataclass(frozen=True)
class Answer:
    """The API's answer to one request."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FakeKiln(BaseAdapter):
    """The fake API. `states` are the coming run's properties; an exception among them is a look that fails."""

    states: list[dict[str, Any] | Exception] = field(default_factory=list)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, list[dict[str, Any] | Exception]] = field(default_factory=dict)
    submission: list[dict[str, Any]] = field(default_factory=lambda: [{"provisioningState": "Succeeded"}])
    """A template's properties about its submission, one for each look; the first is in the PUT's answer."""
    log: bytes = b""
    validation_log: bytes = b""
    log_state: str = "Succeeded"
    outputs: list[dict[str, Any]] = field(default_factory=list)
    events: list[list[dict[str, Any]] | Exception] = field(default_factory=list)
    """Pages of events; an exception among them is a look that fails once."""
    triggers: dict[str, dict[str, Any]] = field(default_factory=dict)
    overrides: dict[str, Answer | Exception] = field(default_factory=dict)
    """Other answers, by `METHOD name/of/child` (below imageTemplates)."""
    calls: list[str] = field(default_factory=list)
    sent: list[PreparedRequest] = field(default_factory=list)

    def send(self, request: PreparedRequest, *_positional: Any, **_options: Any) -> Response:
        url = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert query["api-version"] == "2025-10-01" or request.method == "PUT"  # which is of its file's version
        below = url.path.removeprefix(TEMPLATES)
        if below == url.path:
            assert f"/providers/{PROVIDER}/" in url.path, url.path
            below = url.path.split(f"/{PROVIDER}/")[1]
        call = f"{request.method} {below.strip('/')}".strip()
        self.calls.append(call)
        self.sent.append(request)
        return respond(request, self._answer(call, query, request.body))

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def session(self) -> Session:
        session = Session()
        session.mount("http://", self)
        session.mount("https://", self)
        return session

    def _answer(self, call: str, query: dict[str, str], body: Any) -> Answer:
        override = self.overrides.get(call)
        if isinstance(override, Exception):
            raise override
        if override is not None:
            return override
        if call in {"GET", "GET events"}:
            return self._events(query) if call != "GET" else Answer(200, {"value": list(self.templates.values())})
        found = re.fullmatch(r"(GET|PUT|POST|DELETE) ([^/]+)(?:/(.*))?", call)
        assert found, call
        method, name, rest = found[1], found[2], found[3] or ""
        if rest.startswith("triggers"):
            return self._trigger(method, rest.removeprefix("triggers").strip("/"), body)
        if method == "PUT":
            self.templates[name] = {"name": name, **json.loads(body)}
            return Answer(201, self._template(name))
        if name not in self.templates:
            return refusal(404, "ResourceNotFound", f"There is no image template {name}.")
        return self._child(method, name, rest, query)

    def _events(self, query: dict[str, str]) -> Answer:
        """Answer the next page of `events`; a position is how many pages were given."""
        if query.get("after") == "latest":
            return Answer(200, {"value": [], "after": "0"})
        number = int(query.get("after", "0"))
        if number >= len(self.events):
            return Answer(200, {"value": [], "after": str(number)})
        page = self.events[number]
        if isinstance(page, Exception):
            self.events[number] = []
            raise page
        return Answer(200, {"value": page, "after": str(number + 1)})

    def _template(self, name: str) -> dict[str, Any]:
        template = self.templates[name]
        return {**template, "properties": {**template["properties"], **_take(self.submission)}}

    def _trigger(self, method: str, name: str, body: Any) -> Answer:
        if not name:
            return Answer(200, {"value": list(self.triggers.values())})
        if method == "PUT":
            properties = json.loads(body)["properties"]
            shown = {key: value for key, value in properties.items() if key != "secret"}
            status = {"code": "Healthy", "message": "Trigger is active."}
            self.triggers[name] = {"name": name, "properties": {**shown, "status": status}}
        if name not in self.triggers:
            return refusal(404, "ResourceNotFound", f"There is no trigger {name}.")
        if method == "DELETE":
            del self.triggers[name]
            return Answer(202)
        return Answer(200, self.triggers[name])

    def _child(self, method: str, name: str, rest: str, query: dict[str, str]) -> Answer:
        match method, rest.split("/"):
            case "GET", [""]:
                return Answer(200, self._template(name))
            case "DELETE", [""]:
                del self.templates[name]
                return Answer(204)
            case "POST", ["run" | "cancel"] | ["runs", _, "retry"]:
                if rest != "cancel":
                    self.runs[RUN_ID if rest == "run" else RETRY_ID] = list(self.states)
                return Answer(202, headers={"Location": f"{ENDPOINT}/operation"})
            case "GET", ["runOutputs"]:
                return Answer(200, {"value": self.outputs})
            case "POST", ["runOutputs", output, "getAccess"]:
                return Answer(200, {"accessSAS": f"https://blobs.example/vhds/{output}.vhd?sig=secret"})
        assert method == "GET", f"the API has no {method} {rest}"
        return self._runs(rest, query)

    def _runs(self, rest: str, query: dict[str, str]) -> Answer:
        match rest.split("/"):
            case ["runs"]:
                return Answer(200, {"value": [_run(run_id, _peek(run)) for run_id, run in [*self.runs.items()][::-1]]})
            case ["runs", run_id]:
                return Answer(200, _run(run_id, _take(self.runs[run_id])))
            case ["runs", _, "log"]:
                offset = int(query["offset"])
                log = {"customization": self.log, "validation": self.validation_log}[query["name"]]
                part = log[offset : offset + 40]
                headers = {"x-kiln-next-offset": str(offset + len(part)), "x-kiln-run-state": self.log_state}
                return Answer(200, part, headers)
        raise AssertionError(f"the API has no GET {rest}")


def refusal(status: int, code: str, message: str, **more: Any) -> Answer:
    """An ARM error."""
    return Answer(status, {"error": {"code": code, "message": message, **more}})


def _peek(states: list[dict[str, Any] | Exception]) -> dict[str, Any]:
    return next(state for state in states if isinstance(state, dict))


def _take(states: list[Any]) -> dict[str, Any]:
    state: dict[str, Any] | Exception = states.pop(0) if len(states) > 1 else states[0]
    if isinstance(state, BaseException):
        raise state
    return state


def _run(run_id: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"x/runs/{run_id}", "name": run_id, "type": "t", "properties": properties}


def respond(request: PreparedRequest, answer: Answer) -> Response:
    """Make the response of `requests` to a request."""
    content = answer.body if isinstance(answer.body, bytes) else b""
    headers = {"Content-Type": "text/plain; charset=utf-8", **answer.headers}
    if answer.body is not None and not isinstance(answer.body, bytes):
        content = json.dumps(answer.body).encode()
        headers["Content-Type"] = "application/json"
    response = Response()
    response.status_code = answer.status
    response.headers.update(headers)
    response.raw = HTTPResponse(io.BytesIO(content), headers=headers, status=answer.status, preload_content=False)
    response.url = str(request.url)
    response.request = request
    return response
