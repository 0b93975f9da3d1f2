"""The calls of a flow that went well: recorded, with what is unique in them replaced by its kind, each kept once.

It must not know what will go wrong with them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from tests.faults.azure_calls.place import Exchange

_KINDS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "{id}"),
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}"), "{run}"),
    (re.compile(r"it_rg-images_flow-[0-9a-f]{8}_[0-9a-f]{8}"), "{staging}"),
    (re.compile(r"flow-[0-9a-f]{8}"), "{template}"),
    (re.compile(r"\bkiln[0-9a-f]{20}\b"), "{account}"),
    (re.compile(r"\bkilnstate\d+\b"), "{state}"),
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "{version}"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "{day}"),
)
_STATE = "/{state}/"
STARTED = ("Azure-AsyncOperation", "Location")


@dataclass(frozen=True)
class Call:
    """One of Kiln's calls, in the role that its activity gives it."""

    activity: str
    role: str
    """The difference between the activity's runs, such as the operation that it asks for; often empty."""
    phase: str
    service: str
    """`ARM`, `events`, `tokens`, `state` (Kiln's own blobs) or `blobs` (those of a staging group)."""
    method: str
    path: str
    """The path with kinds in the place of unique parts, and of the query the operation alone."""
    nth: int
    """Its number among the activity's requests with this method and path, from 1."""
    starts: bool
    """Whether it starts a long-running operation."""
    found: bool
    """Whether it found what it asked for; a look whether something is there may well not."""
    answers: bool
    """Whether the answer has a body."""

    @property
    def id(self) -> str:
        """Return the call as text, the same in every recording."""
        role = f"[{self.role}]" if self.role else ""
        return f"{self.activity}{role} {self.method} {self.short}" + (f" #{self.nth}" if self.nth > 1 else "")

    @property
    def short(self) -> str:
        """The path without the parts that are the same in most."""
        return re.sub(r"^/subscriptions/{id}(/resourcegroups/[^/]+)?(/providers)?", "", self.path) or self.path

    @property
    def glob(self) -> str:
        """The pattern that a fault's rule takes."""
        return re.sub(r"{[a-z]+}", "*", self.path.partition("?")[0])


def kinds(text: str) -> str:
    """Replace what is unique in a path or sentence by its kind."""
    text = text.lower()
    for pattern, kind in _KINDS:
        text = pattern.sub(kind, text)
    return text


def role_of(payload: Any) -> str:
    """Return the operation or resource that an activity's request is about."""
    operation = payload.get("operation") or {}
    entry = payload.get("entry") or {}
    machine = payload.get("machine") or {}
    doing = str(operation.get("doing") or "")
    return kinds(re.sub(r"/\S*/", "", doing)) or str(entry.get("kind") or machine.get("purpose") or "")


@dataclass
class Recording:
    """The calls that were heard while activities ran."""

    phase: str
    calls: dict[tuple[str, ...], Call] = field(default_factory=dict)
    collapsed: Counter[str] = field(default_factory=Counter)
    """The number of further calls that were the same as a kept one, by that one's id."""
    _activity: str = ""
    _role: str = ""
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def enter(self, activity: str, payload: Any) -> None:
        """Note that an activity begins."""
        self._activity, self._role = activity, role_of(payload)
        self._counts.clear()
        if activity == "report_progress":
            self.phase = str(payload["phase"])

    def leave(self) -> None:
        """Note that the activity has ended."""
        self._activity = ""

    def hear(self, exchange: Exchange) -> None:
        """Keep a call, or count it if it is known; calls outside of activities are not Kiln's."""
        if not self._activity:
            return
        path = kinds(unquote(exchange.path))
        self._counts[exchange.method, path] += 1
        call = Call(
            activity=self._activity,
            role=self._role,
            phase=self.phase,
            service=_service(exchange, path),
            method=exchange.method,
            path=path + _operation(exchange),
            nth=self._counts[exchange.method, path],
            starts=exchange.method != "GET" and any(name in exchange.headers for name in STARTED),
            found=exchange.status < HTTPStatus.BAD_REQUEST,
            answers=exchange.size > 0,
        )
        known = self.calls.setdefault(_identity(call), call)
        if known is not call:
            self.collapsed[known.id] += 1


def _identity(call: Call) -> tuple[str, ...]:
    """Return the key by which two calls are the same: for blobs without the activity that reads, or writes the log."""
    asked = (call.method, call.path)
    if call.service == "blobs" or (call.service == "state" and call.method in {"GET", "HEAD"}):
        return (*asked, "found" if call.found else "missing")
    return (*asked, call.activity, call.role)


def _operation(exchange: Exchange) -> str:
    """Return the part of a query that names the operation."""
    names = ("restype", "comp") if exchange.service == "blobs" else ("resource",)
    query = parse_qs(exchange.query)
    found = "&".join(f"{name}={query[name][0]}" for name in names if name in query)
    return f"?{found}" if found else ""


def _service(exchange: Exchange, path: str) -> str:
    if exchange.service == "blobs":
        return "state" if f"{path}/".startswith(_STATE) else "blobs"
    if path.startswith("/eventgrid/"):
        return "events"
    return "tokens" if path.startswith("/msi/") else "ARM"
