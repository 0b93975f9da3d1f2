"""JSON Schemas of Kiln's events, for subscribers: the whole CloudEvent with its data, and an example in each.

This module owns their form (JSON Schema 2020-12); their content comes from the models.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from devkit.event_docs.examples import EXAMPLES
from kiln.events.cloud_events import CloudEvent

if TYPE_CHECKING:
    from kiln.events.payloads import Payload

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(payload: type[Payload]) -> dict[str, Any]:
    """Return the schema of the event that carries `payload`. It allows more properties: later versions may add some."""
    envelope = _plain(CloudEvent.model_json_schema())
    data = _plain(payload.model_json_schema(by_alias=True))
    definitions = data.pop("$defs", {})
    properties = envelope["properties"] | {"type": {"const": payload.type.value}, "data": data}
    return {
        "$schema": DIALECT,
        "title": payload.type.value,
        "description": about(payload),
        "type": "object",
        "properties": properties,
        "required": ["specversion", *envelope["required"]],
        "$defs": definitions,
        "examples": [example_of(payload)],
    }


def example_of(payload: type[Payload]) -> dict[str, Any]:
    """Return an example of the event that carries `payload`, as a subscriber gets it."""
    return EXAMPLES[payload.type].model_dump(mode="json", exclude_none=True)


def about(payload: type[Payload]) -> str:
    """Return the description of the event, a sentence or two."""
    return inspect.cleandoc(payload.__doc__ or "").replace("\n", " ").replace("  ", " ")


def _plain(schema: Any) -> Any:
    """Return the schema without nulls, which events leave out, and without titles, which only repeat the names."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: _plain(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str)) and value is not False
    }
    present = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(present) == 1:
        del kept["anyOf"]
        kept = {name: value for name, value in kept.items() if name != "default"} | present[0]
    return kept
