"""Filters of event subscriptions: which are well-formed, and which events pass.

It owns the operators' meaning (learn.microsoft.com, "Event filtering for Azure Event Grid"); it must not know where an
event comes from or goes to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from devkit.azure.errors import invalid, unsupported

_MOST_FILTERS = 25
_MOST_VALUES = 25  # across all the filters of a subscription
_LONGEST_STRING = 512  # characters
_MISSING = object()
_Test = Callable[[Any, Any], bool]


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and [_is_number(end) for end in value] == [True, True]


# "All string comparisons aren't case-sensitive."
_STRINGS: Mapping[str, _Test] = {
    "Contains": lambda found, wanted: wanted.lower() in found.lower(),
    "BeginsWith": lambda found, wanted: found.lower().startswith(wanted.lower()),
    "EndsWith": lambda found, wanted: found.lower().endswith(wanted.lower()),
    "In": lambda found, wanted: found.lower() == wanted.lower(),
}
_NUMBERS: Mapping[str, _Test] = {
    "In": lambda found, wanted: bool(found == wanted),
    "InRange": lambda found, wanted: bool(wanted[0] <= found <= wanted[1]),
}
_COMPARISONS: Mapping[str, _Test] = {
    "NumberLessThan": lambda found, wanted: bool(found < wanted),
    "NumberLessThanOrEquals": lambda found, wanted: bool(found <= wanted),
    "NumberGreaterThan": lambda found, wanted: bool(found > wanted),
    "NumberGreaterThanOrEquals": lambda found, wanted: bool(found >= wanted),
    "BoolEquals": lambda found, wanted: found is wanted,
}
_PRESENCE = ("IsNullOrUndefined", "IsNotNull")
# Operator -> its comparison, and whether the filter fails where the comparison holds ("FAIL_MATCH").
_MANY: Mapping[str, tuple[_Test, bool]] = {
    f"{kind}{negation}{name}": (test, bool(negation))
    for kind, tests in (("String", _STRINGS), ("Number", _NUMBERS))
    for name, test in tests.items()
    for negation in ("", "Not")
}
# The documentation's note: an event without the key does not match, but for these. It says nothing of NumberNotInRange,
# which is taken to be as NumberNotIn.
_MATCH_WITHOUT_KEY = {"NumberNotIn", "StringNotIn", "NumberNotInRange", "IsNullOrUndefined"}


def check_filters(filters: list[dict[str, Any]]) -> None:
    """Refuse advanced filters that Event Grid refuses. Raises ArmError (400; 501 for an unknown operator)."""
    if len(filters) > _MOST_FILTERS:
        raise invalid(f"An event subscription has at most {_MOST_FILTERS} advanced filters, not {len(filters)}.")
    values = 0
    for index, item in enumerate(filters):
        values += _check_filter(item, f"properties.filter.advancedFilters[{index}]")
    if values > _MOST_VALUES:
        raise invalid(f"All advanced filters together have at most {_MOST_VALUES} values, not {values}.")


def _check_filter(item: dict[str, Any], path: str) -> int:
    """Check one filter and return how many values it has."""
    operator = item["operatorType"]
    if operator in _PRESENCE:
        _expect(item, path, {"operatorType", "key"})
        return 0
    if operator in _COMPARISONS:
        _expect(item, path, {"operatorType", "key", "value"})
        fits = _is_bool if operator == "BoolEquals" else _is_number
        if not fits(item["value"]):
            raise invalid(f"The value of {operator} has the wrong type.", f"{path}.value")
        return 1
    if operator not in _MANY:
        raise unsupported(f"the advanced filter operator '{operator}'")
    _expect(item, path, {"operatorType", "key", "values"})
    fits_all = _value_type(operator)
    if not item["values"] or not all(fits_all(value) for value in item["values"]):
        raise invalid(f"The values of {operator} are missing or have the wrong type.", f"{path}.values")
    if any(isinstance(value, str) and len(value) > _LONGEST_STRING for value in item["values"]):
        raise invalid(f"A string of a filter has at most {_LONGEST_STRING} characters.", f"{path}.values")
    return len(item["values"])


def _expect(item: dict[str, Any], path: str, names: set[str]) -> None:
    for name in names - item.keys():
        raise invalid(f"{path}.{name}: required and missing", f"{path}.{name}")
    for name in item.keys() - names:
        raise invalid(f"{path}.{name}: {item['operatorType']} has no such property", f"{path}.{name}")


def _value_type(operator: str) -> Callable[[Any], bool]:
    if operator.startswith("String"):
        return _is_string
    return _is_range if operator.endswith("InRange") else _is_number


def passes(filter_: Mapping[str, Any], event: Mapping[str, Any], *, event_type: str, subject: str) -> bool:
    """Whether an event, in the form in which it is delivered, passes a subscription's filter."""
    included = filter_.get("includedEventTypes")
    if included and "all" not in (wanted := {name.lower() for name in included}) and event_type.lower() not in wanted:
        return False
    begins, ends = filter_.get("subjectBeginsWith", ""), filter_.get("subjectEndsWith", "")
    if not filter_.get("isSubjectCaseSensitive", False):
        begins, ends, subject = begins.lower(), ends.lower(), subject.lower()
    if not subject.startswith(begins) or not subject.endswith(ends):
        return False
    arrays = filter_.get("enableAdvancedFilteringOnArrays", False)
    return all(_holds(item, event, arrays=arrays) for item in filter_.get("advancedFilters", []))


def _holds(item: Mapping[str, Any], event: Mapping[str, Any], *, arrays: bool) -> bool:
    operator = item["operatorType"]
    found = _look_up(event, item["key"])
    if found is _MISSING or found is None:
        return operator in _MATCH_WITHOUT_KEY
    if operator in _PRESENCE:
        return bool(operator == "IsNotNull")
    if isinstance(found, list) and not arrays:
        return False
    values = found if isinstance(found, list) else [found]
    if operator in _COMPARISONS:
        wanted = item["value"]
        fits = _is_bool if operator == "BoolEquals" else _is_number
        return any(fits(value) and _COMPARISONS[operator](value, wanted) for value in values)
    test, negated = _MANY[operator]
    fits = _is_string if operator.startswith("String") else _is_number
    hit = any(fits(value) and test(value, wanted) for value in values for wanted in item["values"])
    return hit is not negated


def _look_up(event: Mapping[str, Any], key: str) -> Any:
    """Find a value by a dotted key; the names of the event itself in any case (the documentation writes Subject)."""
    first, *rest = key.split(".")
    found: Any = next((value for name, value in event.items() if name.lower() == first.lower()), _MISSING)
    for name in rest:
        if not isinstance(found, dict) or name not in found:
            return _MISSING
        found = found[name]
    return found
