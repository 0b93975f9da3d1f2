"""The type of the template language's functions, and the checks of arguments that many of them share.

Values are those of JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 1_000


@dataclass(frozen=True)
class Function:
    """A function of the template language, which takes `least` to `most` arguments."""

    name: str
    least: int
    most: int
    call: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        """Return the function's value. Raises `ExpressionInvalid` for arguments that it does not take."""
        if not self.least <= len(arguments) <= self.most:
            raise ExpressionInvalid(f"{self.name}() takes {self._takes()}, here it has {len(arguments)}")
        try:
            return self.call(*arguments)
        except ExpressionInvalid as error:
            raise ExpressionInvalid(f"{self.name}(): {error}") from error

    def _takes(self) -> str:
        if self.most == MANY:
            return f"{self.least} or more arguments"
        counts = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{counts} argument{'s' if self.most != 1 else ''}"


def kind_of(value: Any) -> str:
    """Return the name of a value's JSON type, as Azure calls it, for a message."""
    match value:
        case None:
            return "null"
        case bool():
            return "a bool"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def text(value: Any) -> str:
    """Return a string. Raises `ExpressionInvalid` for another value."""
    if not isinstance(value, str):
        raise ExpressionInvalid(f"expected a string, got {kind_of(value)}")
    return value


def whole(value: Any) -> int:
    """Return a whole number. Raises `ExpressionInvalid` for another value."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ExpressionInvalid(f"expected a whole number, got {kind_of(value)}")
    return value


def truth(value: Any) -> bool:
    """Return a bool. Raises `ExpressionInvalid` for another value."""
    if not isinstance(value, bool):
        raise ExpressionInvalid(f"expected a bool, got {kind_of(value)}")
    return value


def items(value: Any) -> list[Any]:
    """Return an array. Raises `ExpressionInvalid` for another value."""
    if not isinstance(value, list):
        raise ExpressionInvalid(f"expected an array, got {kind_of(value)}")
    return value


def members(value: Any) -> dict[str, Any]:
    """Return an object. Raises `ExpressionInvalid` for another value."""
    if not isinstance(value, dict):
        raise ExpressionInvalid(f"expected an object, got {kind_of(value)}")
    return value


def written(value: Any) -> str:
    """Return a value as text, as `concat`, `format` and `string` write it."""
    match value:
        case None:
            return ""
        case bool():
            return "True" if value else "False"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal. Strings are compared with case, and a number never equals a bool."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)


def found(name: str, of: dict[str, Any]) -> str | None:
    """Return the object's own spelling of the property `name`, which is found in any case; None if it has none."""
    return name if name in of else next((key for key in of if key.lower() == name.lower()), None)
