"""The specification files: found by provider and api-version, read once, references between them followed.

It owns files and JSON pointers; it must not know what an operation or a schema means.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Node:
    """A piece of a specification, and the file that references inside it are relative to."""

    content: dict[str, Any]
    file: Path

    def part(self, content: dict[str, Any]) -> Node:
        """Return a piece of this piece."""
        return Node(content, self.file)


@dataclass
class Documents:
    """The files below `root`, laid out as in Azure/azure-rest-api-specs: `specification/<service>/...`."""

    root: Path
    _read: dict[Path, dict[str, Any]] = field(default_factory=dict)

    def of(self, namespace: str, version: str) -> list[Path]:
        """List a resource provider's files of an api-version."""
        wanted = (namespace.lower(), version.lower())
        return sorted(
            file
            for folder in self.root.glob("specification/*/resource-manager/*")
            if folder.name.lower() == wanted[0]
            for file in folder.rglob("*.json")
            if file.parent.name.lower() == wanted[1]
        )

    def versions(self, namespace: str) -> list[str]:
        """List a resource provider's stored api-versions, oldest first."""
        folders = self.root.glob("specification/*/resource-manager/*")
        files = (file for folder in folders if folder.name.lower() == namespace.lower() for file in folder.rglob("*"))
        return sorted({file.parent.name for file in files if file.parent.parent.name in {"stable", "preview"}})

    def read(self, file: Path) -> dict[str, Any]:
        """Return a file's content."""
        file = file.resolve()
        if file not in self._read:
            self._read[file] = json.loads(file.read_text(encoding="utf-8-sig"))
        return self._read[file]

    def address(self, reference: str, file: Path) -> str:
        """Write a `$ref` that stands in `file` as an absolute path, a # and a JSON pointer."""
        other, _, pointer = reference.partition("#")
        return f"{(file.parent / other).resolve() if other else file.resolve()}#{pointer}"

    def at(self, address: str) -> Node:
        """Return what an address points to."""
        file, _, pointer = address.partition("#")
        found: Any = self.read(Path(file))
        for step in pointer.strip("/").split("/") if pointer.strip("/") else []:
            found = found[unquote(step).replace("~1", "/").replace("~0", "~")]
        return Node(found, Path(file))

    def follow(self, node: Node) -> Node:
        """Return what a node refers to, itself if it refers to nothing."""
        while "$ref" in node.content:
            node = self.at(self.address(node.content["$ref"], node.file))
        return node
