"""The type of the template language's functions, and the checks of arguments that many of them share.

Values are those of JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid, KnownAtDeployment, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self.check(arguments)
        try:
            return self.call(*arguments)
        except KnownAtDeployment:
            raise
        except ExpressionInvalid as error:
            if error.at is not None:
                raise
            raise ExpressionInvalid(f"{self.name}(): {error}") from error
        except (ArithmeticError, OSError, ValueError) as error:  # a date after the year 9999, a number of 5000 digits
            raise ExpressionInvalid(f"{self.name}(): {error}") from error

    def check(self, arguments: Sequence[Any]) -> None:
        """Check the number of arguments. Raises `ExpressionInvalid`."""
        if not self.least <= len(arguments) <= self.most:
            raise ExpressionInvalid(f"{self.name}() takes {self._takes()}, here it has {len(arguments)}")

    def _takes(self) -> str:
        if self.most == MANY:
            return f"{self.least} or more arguments"
        counts = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{counts} argument{'s' if self.most != 1 else ''}"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a bool"),
    ((int, float), "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
    (Unknown, "a value that is not known yet"),
)


def kind_of(value: Any) -> str:
    """Return the name of a value's JSON type, as Azure calls it, for a message."""
    if value is None:
        return "null"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "a lambda")


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
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=refused)


def as_key(value: Any) -> str:
    """Return a text that equal values share, and others do not have, so that a set can hold it."""
    return json.dumps(value, sort_keys=True, default=refused)


def refused(value: Any) -> Any:
    """Raise `KnownAtDeployment` for a part of a value that is not known yet, and `ExpressionInvalid` for a lambda."""
    if isinstance(value, Unknown):
        raise value.error()
    raise ExpressionInvalid(f"expected a value of JSON, got {kind_of(value)}")


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal. Strings are compared with case, and a number never equals a bool."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other)


def found(name: str, of: dict[str, Any]) -> str | None:
    """Return the object's own spelling of the property `name`, which is found in any case; None if it has none."""
    return name if name in of else next((key for key in of if key.lower() == name.lower()), None)


def taken(value: Any, key: Any, *, safe: bool) -> Any:
    """Return a property or item of a value. If there is none, raise `ExpressionInvalid`, or with `safe` return None."""
    if isinstance(value, dict) and isinstance(key, str):
        name = found(key, value)
        if name is not None:
            if isinstance(value[name], Unknown):
                raise value[name].error()
            return value[name]
    elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    if safe:
        return None
    if isinstance(value, dict | list):
        raise ExpressionInvalid(f"{kind_of(value)} has no {key!r}")
    raise ExpressionInvalid(f"{kind_of(value)} has no properties or items, so no {key!r}")
