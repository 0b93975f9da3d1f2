"""The resources that a deployment of an ARM template file would make: loops unrolled, conditions decided.

Those of nested deployments are among them. A part that cannot be resolved is reported by its path, and left as it is.
Source: Microsoft's "Understand the structure and syntax of ARM templates", "Resource iteration" and "Linked and nested
templates".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kiln.arm_template.evaluate import Lazy, Place, Scope
from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import Function, whole
from kiln.arm_template.parameters import parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Path = tuple[str | int, ...]
NESTED = "microsoft.resources/deployments"
MOST_TURNS = 800
"""The most turns of a loop ("Resource iteration in ARM templates", copy limits)."""


@dataclass(frozen=True)
class Unresolved:
    """A part of a resource that cannot be resolved: its path in the file, and the reason."""

    path: Path
    why: str


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
    """Yield the resources of a template's JSON, deployed to a place with the given parameters."""
    yield from _resources(body, scope_of(body, place, given), (), "", "")


def scope_of(body: dict[str, Any], place: Place, given: dict[str, Any]) -> Scope:
    """Return the scope of a template's expressions."""
    scope: Scope
    declared = _members(body.get("parameters"))
    variables = _members(body.get("variables"))
    make: dict[str, Callable[[], Any]] = {
        name: _later(looped, value, lambda: scope) for name, value in variables.items() if name != "copy"
    }
    for loop in _items(variables.get("copy")):
        make[str(_members(loop).get("name"))] = _later(_turns, _members(loop), lambda: scope)
    scope = Scope(place, parameters(declared, given, lambda: scope), Lazy("variable", make))
    scope = replace(scope, functions=_functions(body.get("functions"), place))
    return scope


def _later(resolve: Callable[[Any, Scope], Any], value: Any, scope: Callable[[], Scope]) -> Callable[[], Any]:
    """Return a function that resolves a value later: now its scope does not exist yet, since it is part of that."""
    return lambda: resolve(value, scope())


def looped(value: Any, scope: Scope) -> Any:
    """Return a value with its expressions resolved, and its loops of properties (`copy`) unrolled."""
    if isinstance(value, list):
        return [looped(item, scope) for item in value]
    if not isinstance(value, dict):
        return scope.resolved(value)
    found = {scope.text(name): looped(item, scope) for name, item in value.items() if name != "copy"}
    if "copy" in value:
        loops = value["copy"]
        if not isinstance(loops, list):
            return {**found, "copy": looped(loops, scope)}
        for loop in loops:
            found[str(_members(loop).get("name"))] = _turns(_members(loop), scope)
    return found


def _turns(loop: dict[str, Any], scope: Scope) -> list[Any]:
    name = str(loop.get("name"))
    return [looped(loop.get("input"), scope.in_loop(name, turn)) for turn in range(_count(loop, scope))]


def _count(loop: dict[str, Any], scope: Scope) -> int:
    count = whole(scope.resolved(loop.get("count")))
    if not 0 <= count <= MOST_TURNS:
        raise ExpressionInvalid(f"a loop has 0 to {MOST_TURNS} turns, this one has {count}")
    return count


def _functions(declared: Any, place: Place) -> dict[str, Callable[..., Any]]:
    """Return the template's own functions; each sees nothing but its parameters."""
    found: dict[str, Callable[..., Any]] = {}
    for namespace in map(_members, _items(declared)):
        for name, rules in _members(namespace.get("members")).items():
            full = f"{namespace.get('namespace')}.{name}"
            names = [str(_members(each).get("name")) for each in _items(_members(rules).get("parameters"))]
            output = _members(_members(rules).get("output")).get("value")

            def call(*values: Any, names: list[str] = names, output: Any = output) -> Any:
                own = {name: _itself(value) for name, value in zip(names, values, strict=True)}
                return Scope(place, Lazy("parameter", own), Lazy("variable", {})).resolved(output)

            found[full.lower()] = Function(full, len(names), len(names), call)
    return found


def _itself(value: Any) -> Callable[[], Any]:
    return lambda: value


def _resources(
    body: dict[str, Any], scope: Scope, path: Path, parent_type: str, parent_name: str
) -> Iterator[Resource]:
    listed = body.get("resources")
    named = listed.items() if isinstance(listed, dict) else enumerate(_items(listed))
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
        turns = _count(loop, scope)
    except ExpressionInvalid as error:
        unresolved = Unresolved((*path, "copy", "count"), str(error))
        yield replace(next(_one(resource, scope, path, parent_type, parent_name)), unresolved=(unresolved,))
        return
    for turn in range(turns):
        within = scope.in_loop(str(loop.get("name")), turn)
        yield from _one(resource, within, path, parent_type, parent_name)


def _one(resource: dict[str, Any], scope: Scope, path: Path, parent_type: str, parent_name: str) -> Iterator[Resource]:
    """Yield a resource and those within it, unless its condition is false."""
    unresolved: list[Unresolved] = []
    if _leaf(resource.get("condition", True), scope, (*path, "condition"), unresolved) is False:
        return
    own = {name: value for name, value in resource.items() if name not in {"copy", "condition", "resources"}}
    is_nested = str(own.get("type", "")).lower() == NESTED
    within = own.pop("properties", None) if is_nested else None
    body = {name: _leaf(value, scope, (*path, name), unresolved) for name, value in own.items()}
    if parent_type:
        body["type"], body["name"] = f"{parent_type}/{body.get('type')}", f"{parent_name}/{body.get('name')}"
    yield Resource(path, body, tuple(unresolved))
    if is_nested:
        yield from _nested(_members(within), body, scope, (*path, "properties"))
    yield from _resources(resource, scope, path, str(body.get("type", "")), str(body.get("name", "")))


def _nested(properties: dict[str, Any], deployment: dict[str, Any], scope: Scope, path: Path) -> Iterator[Resource]:
    """Yield the resources of a nested deployment; its scope is the outer template's unless it says `inner`."""
    template = properties.get("template")
    if not isinstance(template, dict):
        return
    options = _members(properties.get("expressionEvaluationOptions"))
    place = replace(
        scope.place,
        subscription=_given(deployment, "subscriptionId", scope.place.subscription),
        group=_given(deployment, "resourceGroup", scope.place.group),
        deployment=_given(deployment, "name", scope.place.deployment) or "deployment",
    )
    if str(options.get("scope", "outer")).lower() == "inner":
        unresolved: list[Unresolved] = []
        given = {
            name: _leaf(_members(member)["value"], scope, (*path, "parameters", name, "value"), unresolved)
            for name, member in _members(properties.get("parameters")).items()
            if "value" in _members(member)
        }
        for each in unresolved:
            given.pop(str(each.path[len(path) + 1]), None)
        within = scope_of(template, place, given)
    else:
        within = replace(scope, place=place)
    yield from _resources(template, within, (*path, "template"), "", "")


def _given(deployment: dict[str, Any], name: str, otherwise: str | None) -> str | None:
    found = deployment.get(name)
    return found if isinstance(found, str) else otherwise


def _leaf(value: Any, scope: Scope, path: Path, unresolved: list[Unresolved]) -> Any:
    """Return a value resolved as far as possible; an expression that fails is left, and added to `unresolved`."""
    try:
        return looped(value, scope)
    except ExpressionInvalid as error:
        if isinstance(value, dict) and not isinstance(value.get("copy"), list):
            return {
                _leaf(name, scope, (*path, name), unresolved): _leaf(item, scope, (*path, name), unresolved)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [_leaf(item, scope, (*path, at), unresolved) for at, item in enumerate(value)]
        unresolved.append(Unresolved(path, str(error)))
        return value


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
