"""Route templates of HTTP triggers, matched as the Functions host's router does.

It owns templates, methods and precedence; it must not know of requests or of functions.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

Target = TypeVar("Target")

_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>\w+)(?::(?P<constraint>[^{}?=]+))?(?:=(?P<default>[^{}]*))?(?P<optional>\?)?\}"
)
# ASP.NET route constraints that Functions apps use ("Route constraint reference").
_CONSTRAINTS = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "guid": r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}",
    "bool": r"(?:true|false)",
    "alpha": r"[a-zA-Z]+",
}


class RouteError(Exception):
    """A route template that cannot be served."""


@dataclass(frozen=True, slots=True)
class Route(Generic[Target]):
    """A compiled template with its methods (none: all) and what it leads to."""

    template: str
    pattern: re.Pattern[str]
    precedence: tuple[int, ...]
    defaults: dict[str, str]
    methods: frozenset[str]
    target: Target


def compile_route(template: str, methods: Iterable[str], target: Target) -> Route[Target]:
    """Compile a template such as `things/{id:int}/{*rest}`; %SETTING% is taken from the environment."""
    resolved = re.sub(r"%([^%]+)%", lambda match: _setting(template, match[1]), template).strip("/")
    defaults: dict[str, str] = {}
    parts: list[str] = []
    precedence: list[int] = []
    for segment in resolved.split("/") if resolved else []:
        whole = _PARAMETER.fullmatch(segment)
        if whole and (whole["star"] or whole["optional"] or whole["default"] is not None):
            if whole["default"] is not None:
                defaults[whole["name"]] = whole["default"]
            parts.append(f"(?:/{_group(template, whole)})?")
        else:
            parts.append("/" + _segment(template, segment))
        precedence.append(_rank(segment, whole))
    pattern = re.compile(f"{''.join(parts)}/?", re.IGNORECASE)
    return Route(template, pattern, tuple(precedence), defaults, frozenset(methods), target)


class Router(Generic[Target]):
    """Routes in order of precedence: literal segments before parameters before catch-alls."""

    def __init__(self, routes: Iterable[Route[Target]]) -> None:
        self._routes = sorted(routes, key=lambda route: (route.precedence, route.template))

    def match(self, method: str, path: str) -> tuple[Target, dict[str, str]] | None:
        """Return the target and its route parameters, or None.

        A route that exists for other methods only is no match: Functions answers 404 and not 405
        (azure-functions-host issue 10098). Paths are case-insensitive; parameters are percent-decoded.
        """
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found and (not route.methods or method.upper() in route.methods):
                given = {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
                return route.target, route.defaults | given
        return None


def collapse_slashes(path: str) -> str:
    """Replace runs of slashes by one; clients join endpoints and paths carelessly."""
    return re.sub(r"/{2,}", "/", path)


def _setting(template: str, name: str) -> str:
    if name not in os.environ:
        raise RouteError(f"route '{template}' needs the setting '{name}', which is not set")
    return os.environ[name]


def _rank(segment: str, whole: re.Match[str] | None) -> int:
    if whole is None:
        return 1 if "{" in segment else 0
    if whole["star"]:
        return 4
    return 2 if whole["constraint"] else 3


def _segment(template: str, segment: str) -> str:
    pieces: list[str] = []
    position = 0
    for parameter in _PARAMETER.finditer(segment):
        pieces += [re.escape(segment[position : parameter.start()]), _group(template, parameter)]
        position = parameter.end()
    rest = segment[position:]
    if "{" in rest or "}" in rest:
        raise RouteError(f"route '{template}': cannot read '{rest}'")
    return "".join([*pieces, re.escape(rest)])


def _group(template: str, parameter: re.Match[str]) -> str:
    if parameter["star"]:
        return f"(?P<{parameter['name']}>.*)"
    constraint = parameter["constraint"]
    if constraint is None:
        return f"(?P<{parameter['name']}>[^/]+?)"
    if constraint not in _CONSTRAINTS:
        raise RouteError(f"route '{template}': unknown constraint '{constraint}', known: {', '.join(_CONSTRAINTS)}")
    return f"(?P<{parameter['name']}>{_CONSTRAINTS[constraint]})"
