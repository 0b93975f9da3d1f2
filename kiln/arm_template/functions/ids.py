"""Functions that build ARM ids without the scope of a deployment; `resourceId`, which needs that, is in evaluate.py.

Source: Microsoft's "Resource functions for ARM templates".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import MANY, Function, text

if TYPE_CHECKING:
    from collections.abc import Sequence


GROUPS = "microsoft.resources/resourcegroups"
"""The type whose ids have no provider: /subscriptions/S/resourceGroups/G (Azure Verified Modules make those by it)."""


def below(scope: str, type_: str, names: Sequence[str]) -> str:
    """Return the id of a resource below a scope's id. Raises `ExpressionInvalid` for a wrong number of names."""
    provider, _, rest = type_.partition("/")
    kinds = rest.split("/") if rest else []
    if not kinds:
        raise ExpressionInvalid(f"{type_!r} is not a resource type, such as Microsoft.Compute/images")
    if len(kinds) != len(names):
        raise ExpressionInvalid(f"the id of {type_} has {len(kinds)} names, but got {len(names)}")
    if type_.lower() == GROUPS:
        return f"{scope.rstrip('/')}/resourceGroups/{names[0]}"
    parts = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, names, strict=True))
    return f"{scope.rstrip('/')}/providers/{provider}{parts}"


def split_type(values: Sequence[Any]) -> tuple[list[str], str, list[str]]:
    """Return the texts before the resource type (subscription, group), the type, and the names after it."""
    given = [text(value) for value in values]
    at = next((at for at, value in enumerate(given) if "/" in value), None)
    if at is None:
        raise ExpressionInvalid("a resource type, such as Microsoft.Compute/images, is missing")
    return given[:at], given[at], given[at + 1 :]


def _extension(scope: Any, *values: Any) -> str:
    before, type_, names = split_type(values)
    if before:
        raise ExpressionInvalid(f"{before[0]!r} stands where a resource type is expected")
    return below(text(scope), type_, names)


def _tenant(*values: Any) -> str:
    before, type_, names = split_type(values)
    if before:
        raise ExpressionInvalid(f"{before[0]!r} stands where a resource type is expected")
    return below("", type_, names)


FUNCTIONS = (
    Function("extensionResourceId", 3, MANY, _extension),
    Function("tenantResourceId", 2, MANY, _tenant),
)
