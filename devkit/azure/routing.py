"""The route table: the rule for each method and path, the call that a rule gets, and the answer that it gives.

It owns path patterns and matching; it must not know HTTP sockets or any resource's rules.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.faults import Fault
    from devkit.azure.shapes import Shape

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"


@dataclass(frozen=True)
class Call:
    """A request without HTTP: the resource that it addresses, its parameters, and the address that its sender used."""

    method: str
    path: str
    id: str
    params: dict[str, str]
    query: dict[str, str]
    body: Any
    origin: str
    api_version: str
    fault: Fault | None = None

    @property
    def expand(self) -> str:
        """The value of `$expand`, in lower case."""
        return self.query.get("$expand", "").lower()

    @property
    def failure(self) -> dict[str, Any] | None:
        """The error with which a fault rule wants the operation to end, if one does."""
        return self.fault.error() if self.fault and "operation" in self.fault.rule else None

    def url(self, path: str) -> str:
        """Make an absolute URL at the address that the sender used, with the request's api-version."""
        return f"{self.origin}{path}?api-version={self.api_version}"


@dataclass(frozen=True)
class Answer:
    """A status, a JSON body (None: no body) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[["Cloud", Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One row of the table: a method, a path pattern with {names}, a rule and the body's shape."""

    method: str
    pattern: str
    handler: Handler
    body: Shape | None = None
    anonymous: bool = False
    action: bool = False

    @property
    def segments(self) -> list[str]:
        """The pattern's parts between slashes."""
        return self.pattern.strip("/").split("/")

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path's parameters if it fits: literals in any case, {names} with anything."""
        mine = self.segments
        if len(mine) != len(segments):
            return None
        params = {}
        for pattern, part in zip(mine, segments, strict=True):
            if pattern.startswith("{"):
                params[pattern[1:-1]] = part
            elif pattern.lower() != part.lower():
                return None
        return params

    def resource_id(self, params: dict[str, str]) -> str:
        """Write the id that the path addresses: up to its last name, with the table's own case for types."""
        parts = self.segments
        names = [index for index, part in enumerate(parts) if part.startswith("{")]
        kept = parts[: names[-1] + 1] if names else []
        return "".join("/" + (params[p[1:-1]] if p.startswith("{") else p) for p in kept)

    def above(self, params: dict[str, str]) -> str | None:
        """Write the id of the resource that has to exist for a nested one or a nested list; None if not nested."""
        parts = self.segments
        if "providers" not in parts or self.action:
            return None
        names = [index for index, part in enumerate(parts) if part.startswith("{") and index > parts.index("providers")]
        if parts[-1].startswith("{"):
            names = names[:-1]
        if not names:
            return None
        return "".join("/" + (params[p[1:-1]] if p.startswith("{") else p) for p in parts[: names[-1] + 1])


class RouteTable:
    """Routes of one service; a pattern without a leading slash is a provider path inside a resource group."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def route(
        self,
        method: str,
        pattern: str,
        *,
        body: Shape | None = None,
        anonymous: bool = False,
        action: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Enter the decorated rule into the table."""
        full = pattern if pattern.startswith("/") else f"{GROUP}/providers/{pattern}"

        def enter(handler: Handler) -> Handler:
            self.routes.append(Route(method, full, handler, body, anonymous, action))
            return handler

        return enter


def find(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Find the row for a request; of several that fit, the one with the most literal parts."""
    segments = re.sub("/+", "/", path).strip("/").split("/")
    fits = [
        (route, params) for route in routes if route.method == method and (params := route.match(segments)) is not None
    ]
    return min(fits, key=lambda fit: len(fit[1]), default=None)
