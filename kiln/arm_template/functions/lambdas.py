"""Functions that take a `lambda()`, and call it for each item. Source: "Lambda functions for ARM templates"."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import Function, items, kind_of, members, text, truth

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Lambda:
    """A `lambda()` of a template: the number of its variables, and the function of their values."""

    variables: int
    value: Callable[..., Any]

    def of(self, *values: Any, least: int) -> Any:
        """Return the value for as many of `values` as it has variables, which are `least` or more."""
        if not least <= self.variables <= len(values):
            counts = str(least) if least == len(values) else f"{least} to {len(values)}"
            raise ExpressionInvalid(f"its lambda has {counts} variables, here {self.variables}")
        return self.value(*values[: self.variables])


def _is_lambda(value: Any) -> Lambda:
    if not isinstance(value, Lambda):
        raise ExpressionInvalid(f"expected a lambda(), got {kind_of(value)}")
    return value


def _filter(values: Any, by: Any) -> list[Any]:
    wanted = _is_lambda(by)
    return [item for at, item in enumerate(items(values)) if truth(wanted.of(item, at, least=1))]


def _map(values: Any, by: Any) -> list[Any]:
    made = _is_lambda(by)
    return [made.of(item, at, least=1) for at, item in enumerate(items(values))]


def _map_values(value: Any, by: Any) -> dict[str, Any]:
    made = _is_lambda(by)
    return {name: made.of(item, least=1) for name, item in members(value).items()}


def _reduce(values: Any, initial: Any, by: Any) -> Any:
    joined = _is_lambda(by)
    current = initial
    for at, item in enumerate(items(values)):
        current = joined.of(current, item, at, least=2)
    return current


def _sort(values: Any, by: Any) -> list[Any]:
    """Return the items in the order in which the lambda is true of each item and one after it; equal ones stay."""
    before = _is_lambda(by)

    def compared(one: Any, other: Any) -> int:
        if truth(before.of(one, other, least=2)):
            return -1
        return 1 if truth(before.of(other, one, least=2)) else 0

    return sorted(items(values), key=functools.cmp_to_key(compared))


def _to_object(values: Any, key: Any, value: Any = None) -> dict[str, Any]:
    name, made = _is_lambda(key), None if value is None else _is_lambda(value)
    return {text(name.of(item, least=1)): item if made is None else made.of(item, least=1) for item in items(values)}


def _group_by(values: Any, key: Any) -> dict[str, list[Any]]:
    name = _is_lambda(key)
    grouped: dict[str, list[Any]] = {}
    for item in items(values):
        grouped.setdefault(text(name.of(item, least=1)), []).append(item)
    return grouped


FUNCTIONS = (
    Function("filter", 2, 2, _filter),
    Function("groupBy", 2, 2, _group_by),
    Function("map", 2, 2, _map),
    Function("mapValues", 2, 2, _map_values),
    Function("reduce", 3, 3, _reduce),
    Function("sort", 2, 2, _sort),
    Function("toObject", 2, 3, _to_object),
)
