"""The scopes of a template's expressions: its parameters, variables and functions, and those of nested deployments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kiln.arm_template.bounds import ITEM, Work
from kiln.arm_template.evaluate import Lazy, Scope
from kiln.arm_template.faults import ExpressionInvalid, Path
from kiln.arm_template.functions.table import Function, whole
from kiln.arm_template.parameters import Failed, definitions, parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.arm_template.place import Place

MOST_TURNS = 800
"""The most turns of a loop ("Resource iteration in ARM templates", copy limits)."""


@dataclass(frozen=True)
class Nested:
    """A nested deployment's template with the scope of its expressions, and its path in the file."""

    template: dict[str, Any]
    scope: Scope
    path: Path


def scope_of(
    body: dict[str, Any], place: Place, given: dict[str, Any], path: Path = (), work: Work | None = None
) -> Scope:
    """Return the scope of a template's expressions. `path` is where the template is in the file."""
    scope: Scope
    work = work or Work()
    declared = definitions(members(body.get("parameters")), members(body.get("definitions")))
    variables = members(body.get("variables"))
    make: dict[str, Callable[[], Any]] = {
        name: _later(looped, value, lambda: scope) for name, value in variables.items() if name != "copy"
    }
    for loop in items(variables.get("copy")):
        make[str(members(loop).get("name"))] = _later(_turns, members(loop), lambda: scope)
    values = parameters(declared, given, lambda: scope, (*path, "parameters"))
    scope = Scope(place, values, Lazy("variable", make, (*path, "variables")), work=work)
    functions: dict[str, Callable[..., Any]] = {}
    functions.update(_functions(body.get("functions"), place, work, functions))
    scope = replace(scope, functions=functions)
    return scope


def nested(properties: dict[str, Any], deployment: dict[str, Any], scope: Scope, path: Path) -> Nested | None:
    """Return a nested deployment, whose scope is the outer template's unless it says `inner`; None if it has no text.

    `properties` are its own, `deployment` is the resource, `path` that of `properties`.
    """
    template = properties.get("template")
    if not isinstance(template, dict):
        return None
    options = members(properties.get("expressionEvaluationOptions"))
    place = replace(
        scope.place,
        subscription=_given(deployment, "subscriptionId", scope.place.subscription),
        group=_given(deployment, "resourceGroup", scope.place.group),
        deployment=_given(deployment, "name", scope.place.deployment) or "deployment",
    )
    below = (*path, "template")
    if str(options.get("scope", "outer")).lower() != "inner":
        return Nested(template, replace(scope, place=place), below)
    passed = properties.get("parameters")
    given = {
        name: _passed(member, scope, (*path, "parameters", name))
        for name, member in members(passed).items()
        if isinstance(member, str) or "value" in members(member)
    }
    return Nested(template, scope_of(template, place, given, below, scope.work), below)


def _passed(member: Any, scope: Scope, path: Path) -> Any:
    """Return the value that a nested deployment's parameter is given; `Failed` with the reason if it has none here."""
    try:
        if isinstance(member, str):
            return members(scope.text(member)).get("value")
        return looped(member["value"], scope)
    except ExpressionInvalid as error:
        if error.at is None:
            error.at = path if isinstance(member, str) else (*path, "value")
        return Failed(error)


def looped(value: Any, scope: Scope) -> Any:
    """Return a value with its expressions resolved, and its loops of properties (`copy`) unrolled."""
    if not isinstance(value, list | dict):
        return scope.resolved(value)
    scope.work.spend(ITEM * len(value))
    if isinstance(value, list):
        return [looped(item, scope) for item in value]
    found = {scope.name(name): looped(item, scope) for name, item in value.items() if name != "copy"}
    if "copy" in value:
        loops = value["copy"]
        if not isinstance(loops, list):
            return {**found, "copy": looped(loops, scope)}
        for loop in loops:
            found[str(members(loop).get("name"))] = _turns(members(loop), scope)
    return found


def _turns(loop: dict[str, Any], scope: Scope) -> list[Any]:
    name = str(loop.get("name"))
    turns = []
    for turn in range(count_of(loop, scope)):
        value = looped(loop.get("input"), scope.in_loop(name, turn))
        scope.work.weigh(value)
        turns.append(value)
    return turns


def count_of(loop: dict[str, Any], scope: Scope) -> int:
    """Return how many turns a loop has. Raises `ExpressionInvalid`."""
    count = whole(scope.resolved(loop.get("count")))
    if not 0 <= count <= MOST_TURNS:
        raise ExpressionInvalid(f"a loop has 0 to {MOST_TURNS} turns, this one has {count}")
    return count


def _functions(
    declared: Any, place: Place, work: Work, known: dict[str, Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    """Return the template's own functions; each sees nothing but its parameters and the other functions."""
    found: dict[str, Callable[..., Any]] = {}
    for namespace in map(members, items(declared)):
        for name, rules in members(namespace.get("members")).items():
            full = f"{namespace.get('namespace')}.{name}"
            names = [str(members(each).get("name")) for each in items(members(rules).get("parameters"))]
            output = members(members(rules).get("output")).get("value")

            def call(*values: Any, names: list[str] = names, output: Any = output) -> Any:
                own = {name: _itself(value) for name, value in zip(names, values, strict=True)}
                scope = Scope(place, Lazy("parameter", own), Lazy("variable", {}), functions=known, work=work)
                return scope.resolved(output)

            found[full.lower()] = Function(full, len(names), len(names), call)
    return found


def _later(resolve: Callable[[Any, Scope], Any], value: Any, scope: Callable[[], Scope]) -> Callable[[], Any]:
    """Return a function that resolves a value later: now its scope does not exist yet, since it is part of that."""
    return lambda: resolve(value, scope())


def _itself(value: Any) -> Callable[[], Any]:
    return lambda: value


def _given(deployment: dict[str, Any], name: str, otherwise: str | None) -> str | None:
    found = deployment.get(name)
    return found if isinstance(found, str) else otherwise


def items(value: Any) -> list[Any]:
    """Return an array of a template, or an empty one for another value."""
    return value if isinstance(value, list) else []


def members(value: Any) -> dict[str, Any]:
    """Return an object of a template, or an empty one for another value."""
    return value if isinstance(value, dict) else {}
