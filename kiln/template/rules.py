"""Rules for a whole object or list, beyond its shape, that are only checked when it is sent.

A template that was stored before there was a rule stays readable. This module knows no property of AIB by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

Broken = tuple[tuple[str | int, ...], str]
"""A broken rule: the path of the problem below the value, and what was expected there."""


@dataclass(frozen=True)
class Rule:
    """Marks an object or a list with a rule; `schema` is the part of the rule that JSON Schema can express.

    `check` gets the value as it was sent, which may have any shape inside, and yields everything that is wrong.
    """

    check: Callable[[Any], Iterator[Broken]]
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the rule's schema to the JSON Schema, for editors."""
        return {**handler(schema), **self.schema}


@dataclass(frozen=True)
class Needed:
    """Marks a required property with the JSON that is to be written where it is missing."""

    example: str
