"""Parameters of an ARM template: their values from files, from a command line or by default, and the checks of these.

Source: Microsoft's "Parameters in ARM templates" and "Create Resource Manager parameter file".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.arm_template.evaluate import Lazy, Scope
from kiln.arm_template.faults import ExpressionInvalid, ParameterMissing, Path
from kiln.arm_template.functions.table import found, kind_of, same

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "securestring": (str,),
    "int": (int,),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
    "secureobject": (dict,),
}
"""The JSON values that a parameter takes, by its `type` in lower case."""


@dataclass(frozen=True)
class Failed:
    """Stands for the value of a nested deployment's parameter that has none here, with the reason."""

    error: ExpressionInvalid


def definitions(declared: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with the rules of the types that they refer to ("Definitions in ARM templates").

    Of a type's own rules for its items and properties none is needed here: Kiln checks what becomes of the value.
    """
    return {name: _defined(rules, types) if isinstance(rules, dict) else rules for name, rules in declared.items()}


def _defined(rules: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    for _ in types:  # a type that refers to itself ends here
        reference = rules.get("$ref")
        if not isinstance(reference, str):
            break
        type_ = types.get(reference.removeprefix("#/definitions/"))
        own = {name: rule for name, rule in rules.items() if name != "$ref"}
        rules = {**type_, **own} if isinstance(type_, dict) else own
    return rules


def parameters(
    declared: dict[str, Any], given: dict[str, Any], scope_of: Callable[[], Scope], path: Path | None = None
) -> Lazy:
    """Return the values of a template's parameters: given ones, or defaults, resolved in the template's own scope."""

    def value_of(name: str, rules: dict[str, Any]) -> Callable[[], Any]:
        def make() -> Any:
            key = found(name, given)
            if key is not None and isinstance(given[key], Failed):
                raise given[key].error
            if key is not None:
                return checked(name, rules, given[key])
            if "defaultValue" in rules:
                return checked(name, rules, scope_of().resolved(rules["defaultValue"]))
            if rules.get("nullable"):
                return None
            raise ParameterMissing(name)

        return make

    make = {name: value_of(name, rules) for name, rules in declared.items() if isinstance(rules, dict)}
    return Lazy("parameter", make, path)


def checked(name: str, rules: dict[str, Any], value: Any) -> Any:
    """Return a parameter's value if its rules allow it. Raises `ExpressionInvalid`."""
    if value is None and rules.get("nullable"):
        return value
    kinds = KINDS.get(str(rules.get("type", "")).lower())
    if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise ExpressionInvalid(f"the parameter {name!r} takes {rules['type']}, got {kind_of(value)}")
    allowed = rules.get("allowedValues")
    if isinstance(allowed, list):
        values = value if isinstance(value, list) and not any(same(value, each) for each in allowed) else [value]
        if not all(any(same(item, each) for each in allowed) for item in values):
            shown = ", ".join(json.dumps(each, ensure_ascii=False) for each in allowed)
            raise ExpressionInvalid(f"the parameter {name!r} takes one of {shown}")
    measured = value if isinstance(value, int) and not isinstance(value, bool) else None
    size = len(value) if isinstance(value, str | list) else None
    for rule, what in (("minValue", measured), ("maxValue", measured), ("minLength", size), ("maxLength", size)):
        bound = rules.get(rule)
        if what is None or not isinstance(bound, int):
            continue
        if what < bound if rule.startswith("min") else what > bound:
            raise ExpressionInvalid(f"the parameter {name!r} breaks its {rule} of {bound}")
    return value


def from_file(body: Any) -> dict[str, Any]:
    """Return the values in a parameter file's JSON. Raises `ExpressionInvalid`, also for a value in a key vault."""
    members = body.get("parameters", body) if isinstance(body, dict) else None
    if not isinstance(members, dict):
        raise ExpressionInvalid('a parameter file is {"parameters": {NAME: {"value": ...}}}')
    values = {}
    for name, member in members.items():
        if name.startswith("$") or name == "contentVersion":
            continue
        if isinstance(member, dict) and "reference" in member:
            raise ExpressionInvalid(
                f"the parameter {name!r} is in a key vault, which only a deployment reads: give its value instead"
            )
        if not isinstance(member, dict) or "value" not in member:
            raise ExpressionInvalid(f'the parameter {name!r} is not {{"value": ...}}')
        values[name] = member["value"]
    return values


def declared_name(declared: dict[str, Any], name: str) -> str:
    """Return the template's own spelling of a parameter's name, in any case. Raises `ExpressionInvalid` for others."""
    key = found(name, declared)
    if key is None:
        known = ", ".join(sorted(declared)) or "none"
        raise ExpressionInvalid(f"the template has no parameter {name!r}; it has {known}")
    return key


def from_text(declared: dict[str, Any], name: str, value: str) -> tuple[str, Any]:
    """Return a parameter's name and the value that a person typed: JSON, unless it takes a string.

    Raises `ExpressionInvalid` for an unknown parameter, or a value that is not JSON.
    """
    key = declared_name(declared, name)
    rules = declared[key]
    kinds = KINDS.get(str(rules.get("type", "")).lower()) if isinstance(rules, dict) else None
    if kinds == (str,):
        return key, value
    try:
        return key, json.loads(value)
    except json.JSONDecodeError as error:
        if kinds is None:
            return key, value
        raise ExpressionInvalid(f"the parameter {key!r} takes {rules['type']}: {value!r} is not JSON") from error
