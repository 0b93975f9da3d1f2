"""Outputs of the nested deployments in a file, which `reference()` of a deployment has, as far as the file tells them.

A Bicep module becomes a nested deployment, and what others use of it is an output. Source: Microsoft's "Resource
functions for ARM templates", reference; and "Bicep modules".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid, Path, Unknown
from kiln.arm_template.scopes import count_of, items, looped, members, nested

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.arm_template.evaluate import Scope

NESTED = "microsoft.resources/deployments"
_TURN = re.compile(r"(?P<name>.+)\[(?P<turn>\d{1,3})\]")


class Outputs:
    """The outputs of the nested deployments in one template, each evaluated when it is first referred to."""

    def __init__(self, body: dict[str, Any], path: Path) -> None:
        self._listed = body.get("resources")
        self._path = path
        self._known: dict[str, dict[str, Any]] = {}
        self._names: dict[str, tuple[Path, dict[str, Any], Scope]] | None = None
        self._going: set[str] = set()

    def of(self, reference: str, scope: Scope) -> dict[str, Any] | None:
        """Return what a reference by symbolic name, name or id has; None if it is no nested deployment of the file."""
        key = reference.lower()
        if key in self._going:
            raise ExpressionInvalid(f"the deployment {reference!r} depends on itself")
        if key not in self._known:
            self._going.add(key)
            try:
                found = self._symbolic(reference, scope) or self._named(key, scope)
                if found is None:
                    return None
                self._known[key] = {"provisioningState": "Succeeded", "outputs": _outputs(*found)}
            finally:
                self._going.discard(key)
        return self._known[key]

    def _symbolic(self, reference: str, scope: Scope) -> tuple[Path, dict[str, Any], Scope] | None:
        match = _TURN.fullmatch(reference)
        name = match["name"] if match else reference
        resource = members(members(self._listed).get(name))
        if not _is_nested(resource) or ("copy" in resource) is not bool(match):
            return None
        turn = int(match["turn"]) if match else 0
        within = scope.in_loop(str(members(resource.get("copy")).get("name")), turn) if match else scope
        return (*self._path, "resources", name), resource, within

    def _named(self, key: str, scope: Scope) -> tuple[Path, dict[str, Any], Scope] | None:
        """Return a deployment by its own name, or by an id that ends in it."""
        if self._names is None:
            self._names = {}
            self._names = dict(self._all(scope))
        _, is_id, name = key.rpartition(f"/{NESTED}/")
        return self._names.get(name if is_id else key)

    def _all(self, scope: Scope) -> Iterator[tuple[str, tuple[Path, dict[str, Any], Scope]]]:
        named = self._listed.items() if isinstance(self._listed, dict) else enumerate(items(self._listed))
        for at, resource in named:
            if not _is_nested(resource):
                continue
            path, loop = (*self._path, "resources", at), members(resource.get("copy"))
            try:
                turns = range(count_of(loop, scope)) if loop else [None]
                for turn in turns:
                    within = scope if turn is None else scope.in_loop(str(loop.get("name")), turn)
                    yield str(within.resolved(resource.get("name"))).lower(), (path, resource, within)
            except ExpressionInvalid:  # its name is not known, so nothing here can refer to it
                continue


def _is_nested(resource: Any) -> bool:
    return isinstance(resource, dict) and str(resource.get("type", "")).lower() == NESTED


def _outputs(path: Path, resource: dict[str, Any], scope: Scope) -> dict[str, Any]:
    own = {}
    for name in ("name", "subscriptionId", "resourceGroup"):
        try:
            own[name] = scope.resolved(resource.get(name))
        except ExpressionInvalid:  # then what needs it fails, and says so
            continue
    below = nested(members(resource.get("properties")), own, scope, (*path, "properties"))
    if below is None:
        return {}
    declared = members(below.template.get("outputs"))
    return {name: {"value": _value(members(output), below.scope)} for name, output in declared.items()}


def _value(output: dict[str, Any], scope: Scope) -> Any:
    """Return the value of an output; what a deployment alone knows fails when it is used."""
    try:
        loop = output.get("copy")
        if isinstance(loop, dict):
            return looped({"copy": [{**loop, "name": "value"}]}, scope)["value"]
        return looped(output.get("value"), scope)
    except ExpressionInvalid as error:
        return Unknown(str(error))
