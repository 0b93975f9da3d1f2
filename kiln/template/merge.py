"""JSON Merge Patch (RFC 7396) for decoded JSON: objects are merged, null removes, any other value replaces."""

from __future__ import annotations

from typing import Any


def merge(target: Any, patch: Any) -> Any:
    """Return `target` with `patch` applied; neither of the two is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def is_deep(value: Any, levels: int = 32) -> bool:
    """Whether `value` is nested deeper than `levels` objects and lists; `merge` is limited by Python's recursion."""
    level = [value]
    for _ in range(levels):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, dict | list) for item in level)
