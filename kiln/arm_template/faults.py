"""The ways in which a part of an ARM template has no value."""

from __future__ import annotations


class ExpressionInvalid(ValueError):
    """An expression that Azure would refuse: its text, a function's arguments, or a name that is not there."""


class KnownAtDeployment(ExpressionInvalid):
    """An expression whose value only a deployment knows, such as `reference()`."""
