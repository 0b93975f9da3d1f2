"""The table of the REST API: every route that the app registers, and which of them are AIB's."""

from __future__ import annotations

import re
from typing import NamedTuple

import triggers
from triggers.endpoint import HANDLERS

HEAD = ("method and path", "whose", "what it does")
TEMPLATES = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.VirtualMachineImages/imageTemplates"
TEMPLATE = f"{TEMPLATES}/{{}}"
LOCATION = "/subscriptions/{}/providers/Microsoft.VirtualMachineImages/locations/{}"
AZURES = {
    ("GET", "/providers/Microsoft.VirtualMachineImages/operations"),
    ("GET", "/subscriptions/{}/providers/Microsoft.VirtualMachineImages/imageTemplates"),
    ("GET", TEMPLATES),
    *((method, TEMPLATE) for method in ("PUT", "PATCH", "GET", "DELETE")),
    ("POST", f"{TEMPLATE}/run"),
    ("POST", f"{TEMPLATE}/cancel"),
    ("GET", f"{TEMPLATE}/runOutputs"),
    ("GET", f"{TEMPLATE}/runOutputs/{{}}"),
    ("GET", f"{TEMPLATE}/triggers"),
    *((method, f"{TEMPLATE}/triggers/{{}}") for method in ("PUT", "GET", "DELETE")),
}
"""The operations of Microsoft's API definition of 2025-10-01, with the names of parameters left out."""

POLLED = {("GET", f"{LOCATION}/operations/{{}}"), ("GET", f"{LOCATION}/operationResults/{{}}")}
"""Routes that the headers of long-running operations point to; AIB's answers have such headers as well."""


class Route(NamedTuple):
    """One method of one path."""

    path: str
    whose: str
    what: str


def routes() -> tuple[Route, ...]:
    """Return every registered route of the API, by path. Raises `KeyError` where one of AIB's is missing."""
    assert triggers.blueprints, "importing the triggers registers their routes"  # noqa: S101
    found = {
        (method, "/" + route): (served.handler.__doc__ or "").split("\n")[0]
        for route, methods in HANDLERS.items()
        for method, served in methods.items()
    }
    known = {(method, plain(path)) for method, path in found}
    if missing := AZURES - known:
        raise KeyError(f"nothing serves {sorted(missing)}")
    return tuple(
        Route(f"{method} `{_short(path)}`", _whose(method, path), what)
        for (method, path), what in sorted(found.items(), key=lambda item: (item[0][1], item[0][0]))
    )


def plain(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"{[^}]*}", "{}", path)


def _whose(method: str, path: str) -> str:
    operation = (method, plain(path))
    if operation in AZURES:
        return "AIB"
    return "AIB (polled)" if operation in POLLED else "Kiln"


def _short(path: str) -> str:
    """Return the path with Resource Manager's beginning as one letter, as docs/api.md has it."""
    template = (
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.VirtualMachineImages/imageTemplates"
    )
    location = "/subscriptions/{subscription}/providers/Microsoft.VirtualMachineImages/locations/{location}"
    return path.replace(f"{template}/{{name}}", "T").replace(location, "L")
