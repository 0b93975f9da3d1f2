"""Rules for a whole object or list that its shape does not tell, judged when it is sent and never again.

A template that was stored before a rule came stays readable. It knows no property of AIB by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

Broken = tuple[tuple[str | int, ...], str]
"""Where a rule is broken, as a path below the value, and what was expected there."""


@dataclass(frozen=True)
class Rule:
    """Marks an object or a list with a rule; `schema` is as much of it as JSON Schema can say.

    `check` gets the value as it was sent, which may have any shape within, and yields all that is wrong.
    """

    check: Callable[[Any], Iterator[Broken]]
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let an editor know what can be told."""
        return {**handler(schema), **self.schema}
