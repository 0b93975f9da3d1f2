"""The functions that need the scope of their expression, or leave some of their arguments unevaluated.

Sources: Microsoft's "Deployment", "Logical", "Resource" and "Scope functions for ARM templates".
"""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.dates import BASIC, shown
from kiln.arm_template.functions.ids import below, split_type
from kiln.arm_template.functions.lambdas import FUNCTIONS as OF_LAMBDAS
from kiln.arm_template.functions.table import MANY, taken, text, truth, whole
from kiln.arm_template.place import ENVIRONMENT, deployment_of, group_of, subscription_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.arm_template.evaluate import Scope
    from kiln.arm_template.expressions import Call


def _if(scope: Scope, call: Call) -> Any:
    """Return one of two values; the other is not evaluated."""
    if len(call.arguments) != 3:  # noqa: PLR2004 - a condition, then, else
        raise ExpressionInvalid(f"if() takes 3 arguments, here it has {len(call.arguments)}")
    condition, then, otherwise = call.arguments
    return scope.value(then if truth(scope.value(condition)) else otherwise)


def _decided(scope: Scope, call: Call, *, by: bool) -> bool:
    """Return `by` if an argument has that value; those after it are not evaluated."""
    if len(call.arguments) < 2:  # noqa: PLR2004 - there is nothing to combine
        raise ExpressionInvalid(f"{call.name}() takes 2 or more arguments, here it has {len(call.arguments)}")
    return by if any(truth(scope.value(argument)) is by for argument in call.arguments) else not by


def _coalesce(scope: Scope, call: Call) -> Any:
    """Return the first value that is not null; those after it are not evaluated."""
    if not call.arguments:
        raise ExpressionInvalid("coalesce() takes 1 or more arguments, here it has 0")
    values = (scope.value(argument) for argument in call.arguments)
    return next((value for value in values if value is not None), None)


LAZY: dict[str, Callable[[Scope, Call], Any]] = {
    "if": _if,
    "and": functools.partial(_decided, by=False),
    "or": functools.partial(_decided, by=True),
    "coalesce": _coalesce,
}
"""The functions that leave some of their arguments unevaluated ("Bicep logical operators" relies on it)."""


def _resource_id(scope: Scope, *values: Any) -> str:
    """Return the id of a resource in this group, or in the group that comes before its type in the arguments."""
    before, type_, names = split_type(values)
    if len(before) > 2:  # noqa: PLR2004 - subscription and group
        raise ExpressionInvalid("only a subscription and a resource group may come before the resource type")
    group = before[-1] if before else taken(group_of(scope.place), "name", safe=False)
    known = before[0] if len(before) > 1 else taken(subscription_of(scope.place), "subscriptionId", safe=False)
    return below(f"/subscriptions/{known}/resourceGroups/{group}", type_, names)


def _subscription_resource_id(scope: Scope, *values: Any) -> str:
    before, type_, names = split_type(values)
    known = before[0] if before else taken(subscription_of(scope.place), "subscriptionId", safe=False)
    return below(f"/subscriptions/{known}", type_, names)


def _copy_index(scope: Scope, *values: Any) -> int:
    """Return the turn of the named loop, or of the innermost, plus an offset."""
    name = values[0].lower() if values and isinstance(values[0], str) else scope.loop
    offset = values[-1] if values and not isinstance(values[-1], str) else 0
    if name is None or name not in scope.loops:
        raise ExpressionInvalid(
            "copyIndex() is used outside of a loop" if name is None else f"there is no loop {name!r}"
        )
    return scope.loops[name] + whole(offset)


def _lambda_variable(scope: Scope, name: Any) -> Any:
    key = text(name).lower()
    if key not in scope.lambdas:
        raise ExpressionInvalid(f"there is no lambda variable {name!r}")
    return scope.lambdas[key]


def _stray_lambda(*_: Any) -> Any:
    names = ", ".join(f"{function.name}()" for function in OF_LAMBDAS)
    raise ExpressionInvalid(f"a lambda can only be an argument of {names}")


SPECIAL: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "parameters": (1, 1, lambda scope, name: scope.parameters.value(text(name))),
    "variables": (1, 1, lambda scope, name: scope.variables.value(text(name))),
    "lambdavariables": (1, 1, _lambda_variable),
    "lambda": (0, MANY, _stray_lambda),
    "copyindex": (0, 2, _copy_index),
    "subscription": (0, 0, lambda scope: subscription_of(scope.place)),
    "resourcegroup": (0, 0, lambda scope: group_of(scope.place)),
    "resourceid": (1, MANY, _resource_id),
    "subscriptionresourceid": (1, MANY, _subscription_resource_id),
    "deployment": (0, 0, lambda scope: deployment_of(scope.place)),
    "environment": (0, 0, lambda _: ENVIRONMENT),
    "utcnow": (0, 1, lambda scope, how=BASIC: shown(scope.place.now, text(how))),
    "newguid": (0, 0, lambda _: str(uuid.uuid4())),
}
"""The functions that need the scope, by their names in lower case, with the least and most arguments they take."""
