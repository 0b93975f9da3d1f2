"""JSON Schemas made from the specifications' own schema language (Swagger 2.0 with Microsoft's x-ms- extensions).

It owns what the extensions mean: discriminators, null, read-only and secret properties; it must not know HTTP. An
object is closed unless its definition leaves it open. An enumeration is closed even where the specification calls it
extensible: a value that nobody documented is what a check is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devkit.specification.documents import Documents, Node
from devkit.specification.inheritance import Heirs, fold

Schema = dict[str, Any]
_COPIED = (
    "type", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems",
    "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip
_FORMATS = {"date-time", "uuid", "int32", "int64", "byte"}


class Direction(StrEnum):
    """Directions of a body: a property can be forbidden in one of them."""

    REQUEST = "request"
    SHOWN = "shown"
    """The answer to a GET, PUT or PATCH, where no secret may be."""
    RETURNED = "returned"
    """The answer to a POST, which may give out secrets (x-ms-secret)."""


@dataclass
class SchemaMaker:
    """Makes one schema for each use; every definition that it refers to goes along under `$defs`."""

    documents: Documents
    heirs: Heirs

    def make(self, node: Node, direction: Direction) -> Schema:
        """Return a complete JSON Schema (2020-12) for a body that `node` describes."""
        return _Making(self.documents, self.heirs, direction).make(node)


@dataclass
class _Making:
    documents: Documents
    heirs: Heirs
    direction: Direction
    defs: dict[str, Schema] = field(default_factory=dict)

    def make(self, node: Node) -> Schema:
        root = self._convert(node)
        return {**root, "$defs": self.defs}

    def _refer(self, address: str, *, exact: bool = False) -> Schema:
        """Refer to a definition, `exact`: to this very one and not to its heirs."""
        name = re.sub(r"\W", "_", address.rpartition("/specification/")[2]) + ("__exact" if exact else "")
        if name not in self.defs:
            self.defs[name] = {}  # a definition may refer to itself
            node = self.documents.at(address)
            heirs = [] if exact or "discriminator" not in node.content else self.heirs.of(address)
            self.defs[name] = self._family(node, heirs) if heirs else self._convert(node)
        return {"$ref": f"#/$defs/{name}"}

    def _family(self, base: Node, heirs: list[tuple[str, str]]) -> Schema:
        """Describe a base whose discriminator says which heir an object is."""
        kind = base.content["discriminator"]
        choices = [
            {
                "if": {"properties": {kind: {"const": value}}, "required": [kind]},
                "then": self._refer(heir, exact="discriminator" not in self.documents.at(heir).content),
            }
            for value, heir in heirs
        ]
        return {
            "type": "object",
            "required": [kind],
            "properties": {kind: {"enum": [value for value, _ in heirs]}},
            "allOf": choices,
        }

    def _convert(self, node: Node) -> Schema:
        content = node.content
        if "$ref" in content:
            schema = self._refer(self.documents.address(content["$ref"], node.file))
        elif "properties" in content or "allOf" in content:
            schema = self._object(node)
        elif content.get("type") == "file":
            schema = {}
        else:
            schema = self._value(node)
        return {"anyOf": [{"type": "null"}, schema]} if content.get("x-nullable") else schema

    def _object(self, node: Node) -> Schema:
        folded = fold(self.documents, node)
        schema: Schema = {
            "type": "object",
            "properties": {name: self._property(part) for name, part in folded.properties.items()},
            "additionalProperties": False,
        }
        if folded.others is not None:
            schema["additionalProperties"] = self._others(folded.others)
        optional = {name for name, part in folded.properties.items() if self._is_the_services(part)}
        if required := sorted(folded.required - optional):
            schema["required"] = required
        return schema

    def _property(self, node: Node) -> Schema:
        return {"not": {}} if self._is_hidden(node.content) else self._convert(node)

    def _is_hidden(self, content: Schema) -> bool:
        """Whether an answer may not carry a property: it can only be written, or it is a secret."""
        if self.direction is Direction.REQUEST:
            return False
        unreadable = "read" not in content.get("x-ms-mutability", ["read"])
        return unreadable or (self.direction is Direction.SHOWN and bool(content.get("x-ms-secret")))

    def _is_the_services(self, node: Node) -> bool:
        """Whether a required property need not be there: the service alone writes it, or it may not be shown."""
        written = self.direction is Direction.REQUEST
        return bool(written and node.content.get("readOnly")) or self._is_hidden(node.content)

    def _others(self, others: Node | bool) -> Schema | bool:  # noqa: FBT001  # Swagger's own either-or
        return self._convert(others) if isinstance(others, Node) else others

    def _value(self, node: Node) -> Schema:
        content = node.content
        schema = {name: content[name] for name in _COPIED if name in content}
        if "enum" in content:
            schema["enum"] = content["enum"]
        if content.get("format") in _FORMATS:
            schema["format"] = content["format"]
        for bound, name in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if content.get(name) is True:  # a flag beside the bound in Swagger's JSON Schema draft 4
                schema[name] = schema.pop(bound)
        if "items" in content:
            schema["items"] = self._convert(node.part(content["items"]))
        others = content.get("additionalProperties")
        if others is not None:
            schema["additionalProperties"] = self._others(node.part(others) if isinstance(others, dict) else others)
        return schema
