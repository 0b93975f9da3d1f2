"""The judge of values by JSON Schema, which takes seconds to import: whoever judges nothing does not wait for it."""

from __future__ import annotations

from typing import Any


def judge_class() -> Any:
    """Return the class of validators of the draft that Kiln's schemas name."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

    return Draft202012Validator
