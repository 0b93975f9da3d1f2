"""The judge of values by JSON Schema, imported where a test needs it, for that takes seconds."""

from __future__ import annotations

from typing import Any


def judge_class() -> Any:
    """Return the class of validators of the draft that Kiln's schemas name."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

    return Draft202012Validator
