"""Route templates of HTTP triggers, matched as the Functions host's router does.

It owns templates, their order and the host's rules for them; it must not know of requests or of functions. The host
adds one route a function to ASP.NET's `RouteCollection` in the order of the functions' names, and the first one that
matches path and method serves the request, however special a later one is (azure-functions-host
`FunctionMetadataManager.LoadFunctionMetadata` and `WebScriptHostHttpRoutesManager`, azure-webjobs-sdk-extensions
`WebJobsRouteBuilder`, dotnet/aspnetcore `RouteCollection` and `RoutePatternMatcher`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Target = TypeVar("Target")

_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>\w+)(?::(?P<constraint>[^{}?=]+))?(?:=(?P<default>[^{}?]*))?(?P<optional>\?)?\}"
)
# ASP.NET's route constraints that look at characters alone ("Route constraint reference"); no other is served.
_CONSTRAINTS: dict[str, Callable[[str], bool]] = {
    "int": lambda text: bool(re.fullmatch(r"-?\d{1,9}", text, re.ASCII)),
    "alpha": lambda text: bool(re.fullmatch(r"[a-z]*", text, re.ASCII | re.IGNORECASE)),
}
_RESERVED = ("admin", "runtime")


class RouteError(Exception):
    """A route that the Functions host does not serve, or that this one cannot."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a template: a literal, or a parameter with what is to hold for its value."""

    literal: str | None = None
    name: str = ""
    holds: Callable[[str], bool] | None = None
    default: str | None = None
    optional: bool = False
    rest: bool = False
    """Whether it takes all that is left of the path, even nothing."""


@dataclass(frozen=True, slots=True)
class Route(Generic[Target]):
    """A function's template with its methods (None: all) and what it leads to."""

    function: str
    template: str
    segments: tuple[Segment, ...]
    methods: frozenset[str] | None
    target: Target

    def parameters(self, method: str, path: str) -> dict[str, str] | None:
        """Return the values of the parameters if method and (decoded) path match, else None."""
        given = _segments(path)
        values: dict[str, str] = {}
        for index, text in enumerate(given):
            if not text or index >= len(self.segments):
                return None
            segment = self.segments[index]
            if segment.rest:
                values[segment.name] = path.split("/", index + 1)[-1]
                break
            if segment.literal is None:
                values[segment.name] = text
            elif ordinal(segment.literal) != ordinal(text):
                return None
        for segment in self.segments[len(given) :]:
            if segment.default is not None:
                values[segment.name] = segment.default
            elif not (segment.optional or segment.rest):
                return None
        holds = all(
            segment.holds(values[segment.name]) for segment in self.segments if segment.holds and segment.name in values
        )
        return values if holds and (self.methods is None or method.upper() in self.methods) else None


def compile_route(
    function: str, template: str, methods: Iterable[str] | None, target: Target, prefix: str = ""
) -> Route[Target]:
    """Compile a template such as `things/{id:int}/{*rest}`; %SETTING% is taken from the environment.

    Raises RouteError.
    """
    resolved = re.sub(r"%([^%]+)%", lambda match: _setting(template, match[1]), template)
    own = resolved.strip("/").lower()
    if own.startswith(_RESERVED):  # `ScriptHost.ValidateHttpFunction`
        raise RouteError(f"route '{template}' of '{function}' conflicts with the host's own: admin..., runtime...")
    whole = f"{prefix}/{resolved}" if prefix else resolved
    texts = whole.removeprefix("/").removesuffix("/").split("/") if whole not in {"", "/"} else []
    segments = tuple(_segment(template, text) for text in texts)
    if any(segment.rest for segment in segments[:-1]):
        raise RouteError(f"route '{template}': a catch-all comes last")
    names = [segment.name.lower() for segment in segments if segment.name]
    if len(names) > len(set(names)):
        raise RouteError(f"route '{template}' has two parameters of one name")
    allowed = None if methods is None else frozenset(method.upper() for method in methods)
    return Route(function, resolved, segments, allowed, target)


class Router(Generic[Target]):
    """Routes in the host's order. Raises RouteError where two functions serve one template with one method."""

    def __init__(self, routes: Iterable[Route[Target]]) -> None:
        self.routes = sorted(routes, key=lambda route: ordinal(route.function))
        for index, route in enumerate(self.routes):
            for other in self.routes[:index]:
                if _conflict(route, other):  # `ScriptHost.ValidateFunction`: the later one is not served at all
                    raise RouteError(f"'{route.function}' and '{other.function}' both serve '{route.template}'")

    def match(self, method: str, path: str) -> tuple[Target, dict[str, str]] | None:
        """Return the target that serves a request, and its route parameters, or None.

        The method is a constraint of the route (`HttpMethodRouteConstraint`): one that exists for other methods only
        is passed over, and a later one may still match. `path` is decoded (devkit.host.paths).
        """
        for route in self.routes:
            values = route.parameters(method, path)
            if values is not None:
                return route.target, values
        return None


def ordinal(name: str) -> str:
    """Return a key that sorts and compares as .NET's `StringComparer.OrdinalIgnoreCase`: by letters in upper case.

    So `_` (0x5F) comes after all letters. Only ASCII letters have a case here: nothing else is in names and templates.
    """
    if name.isascii():
        return name.upper()
    return "".join(letter.upper() if letter.isascii() else letter for letter in name)


def _segments(path: str) -> list[str]:
    """Return the parts between slashes; one slash at the end does not count (`PathTokenizer`)."""
    return path[1:].removesuffix("/").split("/") if path != "/" else []


def _conflict(one: Route[Target], other: Route[Target]) -> bool:
    if ordinal(one.template.strip("/")) != ordinal(other.template.strip("/")):
        return False
    return not one.methods or not other.methods or bool(one.methods & other.methods)


def _setting(template: str, name: str) -> str:
    if name not in os.environ:
        raise RouteError(f"route '{template}' needs the setting '{name}', which is not set")
    return os.environ[name]


def _segment(template: str, text: str) -> Segment:
    if not text:
        raise RouteError(f"route '{template}' has an empty segment")
    if not {"{", "}", "?", "*"} & set(text) and text.isascii():
        return Segment(literal=text)
    found = _PARAMETER.fullmatch(text)
    if found is None:
        raise RouteError(f"route '{template}': cannot read '{text}'; a segment is a literal or one parameter")
    if found["optional"] and (found["star"] or found["default"] is not None):
        raise RouteError(f"route '{template}': '{text}' cannot be optional, too")
    constraint = found["constraint"]
    if constraint is not None and constraint not in _CONSTRAINTS:
        raise RouteError(f"route '{template}': unknown constraint '{constraint}', known: {', '.join(_CONSTRAINTS)}")
    return Segment(
        name=found["name"],
        holds=_CONSTRAINTS[constraint] if constraint else None,
        default=found["default"],
        optional=bool(found["optional"]),
        rest=bool(found["star"]),
    )
