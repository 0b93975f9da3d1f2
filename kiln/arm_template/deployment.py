"""The resources that a deployment of an ARM template file would make: loops unrolled, conditions decided.

Those of nested deployments are among them. A part that cannot be resolved is reported by its path, and left as it is.
Source: Microsoft's "Understand the structure and syntax of ARM templates", "Resource iteration" and "Linked and nested
templates".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kiln.arm_template.bounds import RESOURCE
from kiln.arm_template.faults import ExpressionInvalid, Path, TooMuchWork
from kiln.arm_template.outputs import NESTED, Outputs
from kiln.arm_template.scopes import count_of, items, looped, members, nested, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.arm_template.evaluate import Scope
    from kiln.arm_template.place import Place


@dataclass(frozen=True)
class Unresolved:
    """A part of a resource that cannot be resolved: its path in the file, and the error.

    The error has the path of the parameter or variable that is to blame, if it is not the part itself.
    """

    path: Path
    error: ExpressionInvalid

    @property
    def why(self) -> str:
        """The reason in words."""
        return str(self.error)


@dataclass(frozen=True)
class Resource:
    """A resource as it would be deployed, its place in the file, and the parts of it that are not resolved."""

    path: Path
    body: dict[str, Any]
    unresolved: tuple[Unresolved, ...] = ()

    def moved(self, by: int) -> Resource:
        """Return the resource without the first `by` parts of its paths."""
        unresolved = tuple(replace(each, path=each.path[by:]) for each in self.unresolved)
        return replace(self, path=self.path[by:], unresolved=unresolved)

    @property
    def type(self) -> str:
        """The resource's type, with its parents' for a child; empty if it is not known."""
        found = self.body.get("type")
        return found if isinstance(found, str) else ""


def is_arm_template(body: Any) -> bool:
    """Whether a file's JSON is an ARM template: it has resources, or its schema says so."""
    if not isinstance(body, dict):
        return False
    named = "deploymenttemplate" in str(body.get("$schema", "")).lower()
    return named or isinstance(body.get("resources"), list | dict)


def resources(body: dict[str, Any], place: Place, given: dict[str, Any]) -> Iterator[Resource]:
    """Yield the resources of a template's JSON, deployed to a place with the given parameters.

    Raises `TooMuchWork`, which names the part that took it.
    """
    yield from _resources(body, scope_of(body, place, given), (), "", "")


def _resources(
    body: dict[str, Any], scope: Scope, path: Path, parent_type: str, parent_name: str
) -> Iterator[Resource]:
    if not parent_type:
        outputs = Outputs(body, path)
        scope = replace(scope, deployed=lambda reference: outputs.of(reference, scope))
    listed = body.get("resources")
    named = listed.items() if isinstance(listed, dict) else enumerate(items(listed))
    for key, resource in named:
        here = (*path, "resources", key)
        if isinstance(resource, dict) and not resource.get("existing"):
            yield from _repeated(resource, scope, here, parent_type, parent_name)


def _repeated(
    resource: dict[str, Any], scope: Scope, path: Path, parent_type: str, parent_name: str
) -> Iterator[Resource]:
    """Yield a resource, or one for each turn of its loop."""
    loop = resource.get("copy")
    if not isinstance(loop, dict):
        yield from _one(resource, scope, path, parent_type, parent_name)
        return
    try:
        turns = count_of(loop, scope)
    except ExpressionInvalid as error:
        unresolved = Unresolved((*path, "copy", "count"), error)
        yield replace(next(_one(resource, scope, path, parent_type, parent_name)), unresolved=(unresolved,))
        return
    for turn in range(turns):
        within = scope.in_loop(str(loop.get("name")), turn)
        yield from _one(resource, within, path, parent_type, parent_name)


def _one(resource: dict[str, Any], scope: Scope, path: Path, parent_type: str, parent_name: str) -> Iterator[Resource]:
    """Yield a resource and those within it, unless its condition is false."""
    scope.work.spend(RESOURCE)
    unresolved: list[Unresolved] = []
    if _leaf(resource.get("condition", True), scope, (*path, "condition"), unresolved) is False:
        return
    own = {name: value for name, value in resource.items() if name not in {"copy", "condition", "resources"}}
    is_nested = str(own.get("type", "")).lower() == NESTED
    within = own.pop("properties", None) if is_nested else None
    body = {name: _leaf(value, scope, (*path, name), unresolved) for name, value in own.items()}
    try:
        scope.work.weigh(body)
    except ExpressionInvalid as error:
        raise TooMuchWork(f"{error}", path) from error
    if parent_type:
        body["type"], body["name"] = f"{parent_type}/{body.get('type')}", f"{parent_name}/{body.get('name')}"
    yield Resource(path, body, tuple(unresolved))
    below = nested(members(within), body, scope, (*path, "properties")) if is_nested else None
    if below is not None:
        yield from _resources(below.template, below.scope, below.path, "", "")
    yield from _resources(resource, scope, path, str(body.get("type", "")), str(body.get("name", "")))


def _leaf(value: Any, scope: Scope, path: Path, unresolved: list[Unresolved]) -> Any:
    """Return a value resolved as far as possible; an expression that fails is left, and added to `unresolved`."""
    try:
        return looped(value, scope)
    except TooMuchWork as much:
        raise (much if much.at else TooMuchWork(str(much), path)) from much
    except RecursionError:
        why = ExpressionInvalid("it is nested too deeply: parameters, variables or calls, one within the other")
    except ExpressionInvalid as invalid:
        why = invalid
    if isinstance(value, dict) and not isinstance(value.get("copy"), list):
        return {
            _name(name, scope, (*path, name), unresolved): _leaf(item, scope, (*path, name), unresolved)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_leaf(item, scope, (*path, at), unresolved) for at, item in enumerate(value)]
    unresolved.append(Unresolved(path, why))
    return value


def _name(text: str, scope: Scope, path: Path, unresolved: list[Unresolved]) -> str:
    """Return a property's name resolved; one that fails is left, and added to `unresolved`."""
    try:
        return scope.name(text)
    except ExpressionInvalid as error:
        unresolved.append(Unresolved(path, error))
        return text
