"""Functions of bools and numbers, and comparisons; those that leave some arguments unevaluated are in evaluate.py.

Source: Microsoft's "Logical", "Comparison" and "Numeric functions for ARM templates".
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import Function, kind_of, same, text, truth, whole

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


def _fail(message: Any) -> None:
    raise ExpressionInvalid(text(message))


def _divided(one: Any, by: Any) -> int:
    """Return the quotient without its fraction, towards zero as .NET does."""
    if whole(by) == 0:
        raise ExpressionInvalid("division by zero")
    quotient = abs(whole(one)) // abs(whole(by))
    return quotient if (one < 0) == (by < 0) else -quotient


def _number(value: int) -> int:
    """Return a whole number that fits into 64 bits, as those of Azure do. Raises `ExpressionInvalid`."""
    if not -(2**63) <= value < 2**63:
        raise ExpressionInvalid("the result has more than 64 bits")
    return value


FUNCTIONS = (
    Function("add", 2, 2, lambda one, other: _number(whole(one) + whole(other))),
    Function("bool", 1, 1, _bool),
    Function("div", 2, 2, _divided),
    Function("equals", 2, 2, same),
    Function("fail", 1, 1, _fail),
    Function("false", 0, 0, lambda: False),
    Function("float", 1, 1, _float),
    Function("greater", 2, 2, _compared(operator.gt)),
    Function("greaterOrEquals", 2, 2, _compared(operator.ge)),
    Function("int", 1, 1, _int),
    Function("less", 2, 2, _compared(operator.lt)),
    Function("lessOrEquals", 2, 2, _compared(operator.le)),
    Function("mod", 2, 2, lambda one, by: one - _divided(one, by) * by),
    Function("mul", 2, 2, lambda one, other: _number(whole(one) * whole(other))),
    Function("not", 1, 1, lambda value: not truth(value)),
    Function("null", 0, 0, lambda: None),
    Function("sub", 2, 2, lambda one, other: _number(whole(one) - whole(other))),
    Function("true", 0, 0, lambda: True),
)
