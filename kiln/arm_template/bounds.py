"""The bounds of time and memory for the evaluation of one file: no text can keep the command busy, or fill its memory.

Azure has such bounds, too: Microsoft's "ARM template best practices", "Template limits", says that a template has at
most 4 MB after its loops, parameters and variables are expanded.
"""

from __future__ import annotations

from typing import Any

from kiln.arm_template.faults import ExpressionInvalid, TooMuchWork, Unknown

LARGEST = 4 * 1024 * 1024
"""The most characters that one value has (the 4 MB of "Template limits"); each item of it counts as `ITEM` more."""
ITEM = 16
MOST_WORK = 16 * LARGEST
"""The most units that evaluating one file takes: some seconds.

A value costs one for each character, and `ITEM` for each item; a step costs `STEP`, a resource `RESOURCE`.
"""
STEP = 128
RESOURCE = 2048


def fits(size: int) -> None:
    """Check the size of a value before it is made. Raises `ExpressionInvalid` if it is too large."""
    if size > LARGEST:
        raise ExpressionInvalid(f"the value is larger than a template may be, which is {LARGEST:,} characters")


class Work:
    """A count of the work that evaluating one file has taken so far."""

    def __init__(self, most: int = MOST_WORK) -> None:
        self._left = most

    def step(self) -> None:
        """Count one step: a part of an expression, or a turn of a loop. Raises `TooMuchWork`."""
        self.spend(STEP)

    def spend(self, units: int) -> None:
        """Count units of work. Raises `TooMuchWork` when they are used up."""
        self._left -= units
        if self._left < 0:
            raise TooMuchWork("it takes more work than the largest template that Azure deploys")

    def weigh(self, value: Any, *, known: bool = True) -> None:
        """Count the work of making a value.

        Raises `ExpressionInvalid` for one that is larger than a template, and with `known` `KnownAtDeployment` for one
        that has a part that is not known yet.
        """
        weight, rest = 0, [value]
        while rest and weight <= LARGEST:
            match rest.pop():
                case str() as text:
                    weight += len(text)
                case list() as items:
                    weight += ITEM * len(items)
                    rest.extend(items[: LARGEST // ITEM + 1])
                case dict() as members:
                    weight += ITEM * len(members) + sum(map(len, members))
                    rest.extend(members.values())
                case Unknown() as unknown if known:
                    raise unknown.error()
                case _:
                    pass
        self.spend(weight)
        fits(weight)
