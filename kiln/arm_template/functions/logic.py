"""Functions of bools and numbers, and comparisons.

Source: Microsoft's "Logical", "Comparison" and "Numeric functions for ARM templates".
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import MANY, Function, kind_of, same, truth, whole

if TYPE_CHECKING:
    from collections.abc import Callable


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value.strip().lower() in {"true", "false", "1", "0"}:
        return value.strip().lower() in {"true", "1"}
    raise ExpressionInvalid("expected true, false, 1 or 0, or one of them as a string")


def _int(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError as error:
            raise ExpressionInvalid("the string is not a whole number") from error
    return int(value) if isinstance(value, float) else whole(value)


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ExpressionInvalid(f"expected a number or one as a string, got {kind_of(value)}") from error


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def of(one: Any, other: Any) -> bool:
        if isinstance(one, str) and isinstance(other, str):
            return compare(one, other)
        return compare(whole(one), whole(other))

    return of


def _divided(one: Any, by: Any) -> int:
    """Return the quotient without its fraction, towards zero as .NET does."""
    if whole(by) == 0:
        raise ExpressionInvalid("division by zero")
    quotient = abs(whole(one)) // abs(whole(by))
    return quotient if (one < 0) == (by < 0) else -quotient


def _truths(values: tuple[Any, ...]) -> list[bool]:
    """Return the values as bools. All of them are checked, as by Azure, even if the first decides."""
    return [truth(value) for value in values]


FUNCTIONS = (
    Function("add", 2, 2, lambda one, other: whole(one) + whole(other)),
    Function("and", 2, MANY, lambda *values: all(_truths(values))),
    Function("bool", 1, 1, _bool),
    Function("coalesce", 1, MANY, lambda *values: next((value for value in values if value is not None), None)),
    Function("div", 2, 2, _divided),
    Function("equals", 2, 2, same),
    Function("false", 0, 0, lambda: False),
    Function("float", 1, 1, _float),
    Function("greater", 2, 2, _compared(operator.gt)),
    Function("greaterOrEquals", 2, 2, _compared(operator.ge)),
    Function("int", 1, 1, _int),
    Function("less", 2, 2, _compared(operator.lt)),
    Function("lessOrEquals", 2, 2, _compared(operator.le)),
    Function("mod", 2, 2, lambda one, by: one - _divided(one, by) * by),
    Function("mul", 2, 2, lambda one, other: whole(one) * whole(other)),
    Function("not", 1, 1, lambda value: not truth(value)),
    Function("null", 0, 0, lambda: None),
    Function("or", 2, MANY, lambda *values: any(_truths(values))),
    Function("sub", 2, 2, lambda one, other: whole(one) - whole(other)),
    Function("true", 0, 0, lambda: True),
)
