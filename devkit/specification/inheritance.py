"""Inheritance in the specifications: `allOf` folded into one list of properties, and the heirs of a discriminated base.

It owns who extends whom; it must not know JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.specification.documents import Documents, Node


@dataclass
class Folded:
    """An object with everything it inherits: each property where it was written, and which must be there."""

    properties: dict[str, Node] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    others: Node | bool | None = None
    """The rule for other properties: their schema, whether they are allowed, or None if nothing is said."""


@dataclass
class Heirs:
    """Definitions by the base that they extend with `allOf`, file by file as these come into play."""

    documents: Documents
    _seen: set[Path] = field(default_factory=set)
    _heirs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def of(self, address: str) -> list[tuple[str, str]]:
        """List all below a base: (the discriminator's value, address). Heirs stand in the base's own file."""
        self._learn(self.documents.at(address).file)
        found = []
        for value, heir in self._heirs.get(address, []):
            found += [(value, heir), *self.of(heir)]
        return found

    def _learn(self, file: Path) -> None:
        if file in self._seen:
            return
        self._seen.add(file)
        for name, definition in self.documents.read(file).get("definitions", {}).items():
            for base in definition.get("allOf", []):
                if "$ref" in base:
                    value = definition.get("x-ms-discriminator-value", name)
                    above = self.documents.address(base["$ref"], file)
                    self._heirs.setdefault(above, []).append((value, f"{file}#/definitions/{name}"))


def fold(documents: Documents, node: Node) -> Folded:
    """Fold a definition's `allOf` into it; what it says itself counts more than what it inherits."""
    node = documents.follow(node)
    folded = Folded()
    for base in node.content.get("allOf", []):
        inherited = fold(documents, node.part(base))
        folded.properties.update(inherited.properties)
        folded.required |= inherited.required
        folded.others = inherited.others if folded.others is None else folded.others
    for name, content in node.content.get("properties", {}).items():
        folded.properties[name] = node.part(content)
    folded.required |= set(node.content.get("required", []))
    others: Any = node.content.get("additionalProperties")
    if others is not None:
        folded.others = node.part(others) if isinstance(others, dict) else bool(others)
    return folded
