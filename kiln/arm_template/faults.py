"""Errors of expressions in ARM templates: invalid ones, and ones whose value only a deployment knows."""

from __future__ import annotations


class ExpressionInvalid(ValueError):
    """An expression that Azure would refuse for its syntax, a function's arguments, or an unknown name."""


class KnownAtDeployment(ExpressionInvalid):
    """An expression whose value only a deployment knows, such as `reference()`."""
