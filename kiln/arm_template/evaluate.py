"""Evaluation of expressions in the scope of a deployment: its parameters, variables, functions and loops.

Parameters and variables are evaluated only when they are used, and only once, so that an unused one cannot fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.arm_template import expressions
from kiln.arm_template.expressions import Access, Call, Expression, Literal
from kiln.arm_template.faults import ExpressionInvalid, KnownAtDeployment
from kiln.arm_template.functions import FUNCTIONS
from kiln.arm_template.functions.dates import BASIC, shown
from kiln.arm_template.functions.ids import below, split_type
from kiln.arm_template.functions.table import found, kind_of, text, truth, whole

if TYPE_CHECKING:
    from collections.abc import Callable

AT_DEPLOYMENT = ("reference", "references", "newguid", "pickzones", "providers", "deployer", "managementgroup", "list")
"""The beginnings of the names of functions whose values are known only to a deployment."""


@dataclass(frozen=True)
class Place:
    """The place that a template is deployed to. A part that is None is not known, and expressions that use it fail."""

    subscription: str | None = None
    group: str | None = None
    location: str | None = None
    deployment: str = "deployment"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


class Lazy:
    """Named values, each evaluated when it is first used."""

    def __init__(self, kind: str, make: dict[str, Callable[[], Any]]) -> None:
        self._kind = kind
        self._make = make
        self._values: dict[str, Any] = {}
        self._going: set[str] = set()

    def value(self, name: str) -> Any:
        """Return a value by its name, in any case. Raises `ExpressionInvalid` for an unknown name, or a cycle."""
        key = found(name, self._make)
        if key is None:
            raise ExpressionInvalid(f"there is no {self._kind} {name!r}")
        if key not in self._values:
            if key in self._going:
                raise ExpressionInvalid(f"the {self._kind} {key!r} depends on itself")
            self._going.add(key)
            try:
                self._values[key] = self._make[key]()
            finally:
                self._going.discard(key)
        return self._values[key]


@dataclass(frozen=True)
class Scope:
    """The names that expressions of one template can use: parameters, variables, its own functions and loops."""

    place: Place
    parameters: Lazy
    variables: Lazy
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    """The template's own functions, by `namespace.name` in lower case."""
    loops: dict[str, int] = field(default_factory=dict)
    loop: str | None = None
    """The name of the innermost loop, which `copyIndex()` without a name refers to."""

    def in_loop(self, name: str, index: int) -> Scope:
        """Return the scope within one turn of a loop."""
        return replace(self, loops={**self.loops, name.lower(): index}, loop=name.lower())

    def resolved(self, value: Any) -> Any:
        """Return a JSON value with every expression in it replaced by its value."""
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.resolved(item) for item in value]
            case dict():
                return {self.text(name): self.resolved(item) for name, item in value.items()}
            case _:
                return value

    def text(self, value: str) -> Any:
        """Return the value of the expression in a string, or the string itself if it has none."""
        if not expressions.is_expression(value):
            return expressions.plain(value)
        return self.value(expressions.parse(value))

    def value(self, node: Expression) -> Any:
        """Return the value of an expression. Raises `ExpressionInvalid`, `KnownAtDeployment`."""
        match node:
            case Literal():
                return node.value
            case Access():
                return _taken(self.value(node.of), self.value(node.key), safe=node.safe)
            case Call():
                return self._called(node)

    def _called(self, call: Call) -> Any:
        name = call.name.lower()
        if call.namespace:
            return self._own(call)
        if name == "if":
            return self._if(call)
        arguments = [self.value(argument) for argument in call.arguments]
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, *arguments)
        if name.startswith(AT_DEPLOYMENT):
            raise KnownAtDeployment(f"the value of {call.name}() is known only to a deployment")
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionInvalid(f"there is no function {call.name}()")
        return function(*arguments)

    def _if(self, call: Call) -> Any:
        """Return one of two values; the other is not evaluated."""
        if len(call.arguments) != 3:  # noqa: PLR2004 - a condition, then, else
            raise ExpressionInvalid(f"if() takes 3 arguments, here it has {len(call.arguments)}")
        condition, then, otherwise = call.arguments
        return self.value(then if truth(self.value(condition)) else otherwise)

    def _own(self, call: Call) -> Any:
        function = self.functions.get(f"{call.namespace}.{call.name}".lower())
        if function is None:
            raise ExpressionInvalid(f"the template has no function {call.namespace}.{call.name}()")
        return function(*(self.value(argument) for argument in call.arguments))


def _taken(value: Any, key: Any, *, safe: bool) -> Any:
    """Return a property or item of a value. If there is none, raise `ExpressionInvalid`, or with `safe` return None."""
    if isinstance(value, dict) and isinstance(key, str):
        name = found(key, value)
        if name is not None:
            if isinstance(value[name], _Unknown):
                raise KnownAtDeployment(value[name].why)
            return value[name]
    elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    if safe:
        return None
    if isinstance(value, dict | list):
        raise ExpressionInvalid(f"{kind_of(value)} has no {key!r}")
    raise ExpressionInvalid(f"{kind_of(value)} has no properties or items, so no {key!r}")


@dataclass(frozen=True)
class _Unknown:
    """A property whose value is known later, and why."""

    why: str


def _known(value: str | None, why: str) -> Any:
    return _Unknown(why) if value is None else value


def _subscription(scope: Scope) -> dict[str, Any]:
    known = scope.place.subscription
    why = "the subscription is not known here"
    return {
        "id": _known(known and f"/subscriptions/{known}", why),
        "subscriptionId": _known(known, why),
        "tenantId": _Unknown("the tenant is known only to a deployment"),
        "displayName": _Unknown("the subscription's name is known only to a deployment"),
    }


def _group(scope: Scope) -> dict[str, Any]:
    place = scope.place
    why = "the resource group is not known here"
    both = place.subscription is not None and place.group is not None
    return {
        "id": _known(f"/subscriptions/{place.subscription}/resourceGroups/{place.group}" if both else None, why),
        "name": _known(place.group, why),
        "type": "Microsoft.Resources/resourceGroups",
        "location": _known(place.location, "the resource group's location is not known here"),
        "tags": _Unknown("the resource group's tags are known only to a deployment"),
        "properties": {"provisioningState": "Succeeded"},
    }


def _resource_id(scope: Scope, *values: Any) -> str:
    """Return the id of a resource in this group, or in the group that comes before its type in the arguments."""
    before, type_, names = split_type(values)
    if len(before) > 2:  # noqa: PLR2004 - subscription and group
        raise ExpressionInvalid("only a subscription and a resource group may come before the resource type")
    group = before[-1] if before else _taken(_group(scope), "name", safe=False)
    subscription = before[0] if len(before) > 1 else _taken(_subscription(scope), "subscriptionId", safe=False)
    return below(f"/subscriptions/{subscription}/resourceGroups/{group}", type_, names)


def _subscription_resource_id(scope: Scope, *values: Any) -> str:
    before, type_, names = split_type(values)
    subscription = before[0] if before else _taken(_subscription(scope), "subscriptionId", safe=False)
    return below(f"/subscriptions/{subscription}", type_, names)


def _copy_index(scope: Scope, *values: Any) -> int:
    """Return the turn of the named loop, or of the innermost, plus an offset."""
    name = values[0].lower() if values and isinstance(values[0], str) else scope.loop
    offset = values[-1] if values and not isinstance(values[-1], str) else 0
    if name is None or name not in scope.loops:
        raise ExpressionInvalid(
            "copyIndex() is used outside of a loop" if name is None else f"there is no loop {name!r}"
        )
    return scope.loops[name] + whole(offset)


def _environment(_: Scope) -> dict[str, Any]:
    return {"name": "AzureCloud", "resourceManager": "https://management.azure.com/", "suffixes": {
        "storage": "core.windows.net", "keyvaultDns": ".vault.azure.net", "acrLoginServer": ".azurecr.io"}}  # fmt: skip


_SPECIAL: dict[str, Callable[..., Any]] = {
    "parameters": lambda scope, name: scope.parameters.value(text(name)),
    "variables": lambda scope, name: scope.variables.value(text(name)),
    "copyindex": _copy_index,
    "subscription": _subscription,
    "resourcegroup": _group,
    "resourceid": _resource_id,
    "subscriptionresourceid": _subscription_resource_id,
    "deployment": lambda scope: {"name": scope.place.deployment, "properties": {}},
    "environment": _environment,
    "utcnow": lambda scope, how=BASIC: shown(scope.place.now, text(how)),
}
"""The functions that need the scope, by their names in lower case."""
