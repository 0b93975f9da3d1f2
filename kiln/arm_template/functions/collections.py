"""Functions of arrays and objects, some of which also take strings.

Source: Microsoft's "Array functions" and "Object functions for ARM templates".
"""

from __future__ import annotations

from typing import Any

from kiln.arm_template.bounds import fits
from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import (
    MANY,
    Function,
    as_key,
    found,
    items,
    kind_of,
    members,
    same,
    text,
    whole,
    written,
)

MOST_ITEMS = 10_000
"""The most items of a `range` (Microsoft's page about it)."""


def _concat(*values: Any) -> Any:
    if any(isinstance(value, list) for value in values):
        return [item for value in values for item in items(value)]
    for value in values:
        if isinstance(value, dict):
            raise ExpressionInvalid("expected strings or arrays, got an object")
    texts = [written(value) for value in values]
    fits(sum(map(len, texts)))
    return "".join(texts)


def _contains(container: Any, item: Any) -> bool:
    match container:
        case str():
            return written(item) in container
        case list():
            return any(same(item, each) for each in container)
        case dict():
            return found(text(item), container) is not None
        case _:
            raise ExpressionInvalid(f"expected a string, an array or an object, got {kind_of(container)}")


def _create_object(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        raise ExpressionInvalid("names and values must come in pairs")
    return {text(name): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _sized(value: Any) -> str | list[Any] | dict[str, Any]:
    if not isinstance(value, str | list | dict):
        raise ExpressionInvalid(f"expected a string, an array or an object, got {kind_of(value)}")
    return value


def _row(value: Any) -> str | list[Any]:
    if not isinstance(value, str | list):
        raise ExpressionInvalid(f"expected a string or an array, got {kind_of(value)}")
    return value


def _end(value: Any, at: int) -> Any:
    row = _row(value)
    return row[at] if row else ("" if isinstance(row, str) else None)


def _index(row: Any, item: Any, *, last: bool) -> int:
    if isinstance(row, str):
        where, what = row.lower(), text(item).lower()
        return where.rfind(what) if last else where.find(what)
    places = [at for at, each in enumerate(items(row)) if same(each, item)]
    return (places[-1] if last else places[0]) if places else -1


def _intersection(*values: Any) -> Any:
    first, *rest = values
    if isinstance(first, list):
        common = set.intersection(*({as_key(item) for item in items(value)} for value in values))
        return list({key: item for item in first if (key := as_key(item)) in common}.values())
    return {
        name: value
        for name, value in members(first).items()
        if all(name in members(other) and same(other[name], value) for other in rest)
    }


def _union(*values: Any) -> Any:
    """Return the items of all arrays, each once; or one object of all: later values win, and objects are merged."""
    if isinstance(values[0], list):
        united: dict[str, Any] = {}
        for value in values:
            for item in items(value):
                united.setdefault(as_key(item), item)
        return list(united.values())
    merged: dict[str, Any] = {}
    for value in values:
        for name, item in members(value).items():
            here = merged.get(name)
            merged[name] = _union(here, item) if isinstance(here, dict) and isinstance(item, dict) else item
    return merged


def _range(start: Any, count: Any) -> list[int]:
    if not 0 <= whole(count) <= MOST_ITEMS:
        raise ExpressionInvalid(f"the count must be 0 to {MOST_ITEMS}")
    return list(range(whole(start), whole(start) + count))


def _extreme(choose: Any) -> Any:
    def of(*values: Any) -> int:
        given = items(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)
        if not given:
            raise ExpressionInvalid("expected at least one number")
        return int(choose(whole(value) for value in given))

    return of


def _items(value: Any) -> list[dict[str, Any]]:
    return [{"key": name, "value": item} for name, item in sorted(members(value).items())]


def _shallow_merge(values: Any) -> dict[str, Any]:
    return {name: item for value in items(values) for name, item in members(value).items()}


def _try_get(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            name = found(key, value)
            value = None if name is None else value[name]
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if 0 <= key < len(value) else None
        else:
            return None
    return value


def _from_end(values: Any, at: Any) -> Any:
    """Return the item at a place that is counted from the end, where 1 is the last. Raises `ExpressionInvalid`."""
    given = items(values)
    if not 1 <= whole(at) <= len(given):
        raise ExpressionInvalid(f"an array of {len(given)} has no item {at} from its end")
    return given[-at]


def _try_from_end(values: Any, at: Any) -> Any:
    return values[-at] if isinstance(values, list) and 1 <= whole(at) <= len(values) else None


FUNCTIONS = (
    Function("array", 1, 1, lambda value: value if isinstance(value, list) else [value]),
    Function("concat", 1, MANY, _concat),
    Function("contains", 2, 2, _contains),
    Function("createArray", 0, MANY, lambda *values: list(values)),
    Function("createObject", 0, MANY, _create_object),
    Function("empty", 1, 1, lambda value: value is None or not _sized(value)),
    Function("first", 1, 1, lambda value: _end(value, 0)),
    Function("flatten", 1, 1, lambda values: [item for value in items(values) for item in items(value)]),
    Function("indexFromEnd", 2, 2, _from_end),
    Function("indexOf", 2, 2, lambda row, item: _index(row, item, last=False)),
    Function("intersection", 2, MANY, _intersection),
    Function("items", 1, 1, _items),
    Function("last", 1, 1, lambda value: _end(value, -1)),
    Function("lastIndexOf", 2, 2, lambda row, item: _index(row, item, last=True)),
    Function("length", 1, 1, lambda value: len(_sized(value))),
    Function("max", 1, MANY, _extreme(max)),
    Function("min", 1, MANY, _extreme(min)),
    Function("objectKeys", 1, 1, lambda value: sorted(members(value))),
    Function("range", 2, 2, _range),
    Function("shallowMerge", 1, 1, _shallow_merge),
    Function("skip", 2, 2, lambda value, count: _row(value)[max(whole(count), 0) :]),
    Function("take", 2, 2, lambda value, count: _row(value)[: max(whole(count), 0)]),
    Function("tryGet", 2, MANY, _try_get),
    Function("tryIndexFromEnd", 2, 2, _try_from_end),
    Function("union", 1, MANY, _union),
)
