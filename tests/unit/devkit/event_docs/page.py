"""The page docs/events.md: its text, with the parts that are made from the models."""

from __future__ import annotations

import json

from devkit.event_docs.schema import about, example_of
from kiln.events.payloads import PAYLOADS, Payload

TABLE, TYPES = "|---|---|\n", "## Types\n"


def page(current: str) -> str:
    """Return the page as it should be: `current` with its table and its last chapter made anew."""
    before, _, rest = current.partition(TABLE)
    _, _, after = rest.partition("\n\n")
    written, _, _ = after.partition(TYPES)
    rows = "\n".join(f"| [`{item.type}`](#{_anchor(item)}) | {about(item)} |" for item in PAYLOADS)
    return f"{before}{TABLE}{rows}\n\n{written}{TYPES}\n" + "\n".join(_chapter(item) for item in PAYLOADS)


def schema_file(payload: type[Payload]) -> str:
    """Return the name of the file with a payload's schema."""
    return f"{payload.type}.schema.json"


def _anchor(payload: type[Payload]) -> str:
    return payload.type.value.lower().replace(".", "")


def _chapter(payload: type[Payload]) -> str:
    example = json.dumps(example_of(payload), indent=2)
    schema = f"[JSON Schema](events/{schema_file(payload)})"
    return f"### {payload.type}\n\n{about(payload)} {schema}\n\n```json\n{example}\n```\n"
