"""Errors of ARM templates: invalid expressions, ones whose value only a deployment knows, and files without bounds."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]


class ExpressionInvalid(ValueError):
    """An expression that Azure would refuse for its syntax, a function's arguments, or an unknown name.

    `at` is the path of the parameter or variable with the fault, if it is not in the expression itself.
    """

    at: Path | None = None


class KnownAtDeployment(ExpressionInvalid):
    """An expression whose value only a deployment knows, such as `reference()`."""


class PlaceUnknown(KnownAtDeployment):
    """An expression that needs a part of the place: the `subscription`, the `resource group` or the `location`."""

    def __init__(self, why: str, part: str) -> None:
        super().__init__(why)
        self.part = part


class ParameterMissing(KnownAtDeployment):
    """A parameter that was given no value, and has no default."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the parameter {name!r} has neither value nor default")
        self.name = name


class TooMuchWork(Exception):
    """A file whose evaluation would take more time or memory than one template may; evaluation stops at once.

    `at` is the path of the part that was being evaluated, if it is known.
    """

    def __init__(self, why: str, at: Path = ()) -> None:
        super().__init__(why)
        self.at = at


@dataclass(frozen=True)
class Unknown:
    """A part of a value that is known later, why, and which part of the place it is, if it is one."""

    why: str
    part: str = ""

    def error(self) -> KnownAtDeployment:
        """Return the error of an expression that needs it."""
        return PlaceUnknown(self.why, self.part) if self.part else KnownAtDeployment(self.why)
