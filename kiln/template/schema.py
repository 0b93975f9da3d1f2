"""The JSON Schema (draft 2020-12) of the template language, for editors.

It adds to the models what an editor needs: descriptions, read-only members, and the schema's own address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.template.models import ImageTemplate
from kiln.template.notes import sources, steps, targets, template, triggers
from kiln.template.notes.note import note_of
from kiln.template.shape import properties
from kiln.template.triggers import Trigger

if TYPE_CHECKING:
    from kiln.template.base import Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ADDRESS = "urn:kiln:image-template"
TRIGGER_ADDRESS = "urn:kiln:trigger"
NOTES = {**sources.NOTES, **steps.NOTES, **targets.NOTES, **template.NOTES, **triggers.NOTES}


def template_schema() -> dict[str, Any]:
    """Return the JSON Schema of an image template's body; it allows no unknown properties."""
    return _schema(ImageTemplate, ADDRESS, "Image template of Azure VM Image Builder, for Kiln")


def trigger_schema() -> dict[str, Any]:
    """Return the JSON Schema of a trigger's body."""
    return _schema(Trigger, TRIGGER_ADDRESS, "Trigger of an image template, for Kiln")


def _schema(body: type[Model], address: str, title: str) -> dict[str, Any]:
    schema = body.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    for model in reachable(body):
        _describe(model, schema if model is body else definitions[model.__name__])
    head = {"$schema": DIALECT, "$id": address, "title": title}
    return {**head, **{name: value for name, value in schema.items() if name != "title"}}


def reachable(model: type[Model]) -> tuple[type[Model], ...]:
    """Return `model` and every model that is nested in it, each once, outermost first."""
    found: dict[type[Model], None] = {}
    waiting = [model]
    while waiting:
        current = waiting.pop(0)
        if current in found:
            continue
        found[current] = None
        for known in properties(current).values():
            shapes = [known.shape]
            while shapes:
                shape = shapes.pop()
                waiting += [*shape.members.values(), *([shape.model] if shape.model else [])]
                shapes += [inner for inner in (shape.item, shape.value) if inner is not None]
    return tuple(found)


def _describe(model: type[Model], schema: dict[str, Any]) -> None:
    known: dict[str, Any] = schema.setdefault("properties", {})
    for name in sorted(model.read_only):
        known[name] = {"readOnly": True}
    for name, content in known.items():
        content.pop("title", None)  # pydantic's title is the name in another case
        note = note_of(NOTES, model, name)
        differs = "" if note.difference == "none" else f" (AIB differs: {note.difference})"
        content["description"] = f"{note.how}{differs}.".replace("`", "")
