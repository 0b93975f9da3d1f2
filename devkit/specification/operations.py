"""The operations that a provider's specification describes, found by a request's method, path and api-version.

It owns path matching; it must not know bodies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from devkit.specification.documents import Node

if TYPE_CHECKING:
    from devkit.specification.documents import Documents

_METHODS = ("get", "put", "post", "patch", "delete", "head")
_WHOLE_IDS = {"{scope}", "{resourceId}"}
"""Path parameters that stand for an id with its slashes (x-ms-skip-url-encoding in the specifications)."""
RESOURCE_MANAGER = "Microsoft.Resources"
_ANYTHING = re.compile(r"/\{resourceId\}.*|.*/providers/\{\w+\}/\{.*")
"""Resource Manager's paths for resources of any provider: they would take whatever a provider itself does not have."""


@dataclass(frozen=True)
class Operation:
    """One operation: `node` is its object in the file, `shared` the parameters of all methods on its path."""

    method: str
    template: str
    node: Node
    shared: list[dict[str, Any]]

    @property
    def name(self) -> str:
        """The operation's operationId."""
        return str(self.node.content.get("operationId", f"{self.method} {self.template}"))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = []
        for part in re.split(r"(\{[^}]+\})", self.template):
            if not part.startswith("{"):
                parts.append(re.escape(part))
            else:
                parts.append(f"(?P<{_group(part[1:-1])}>{'.+' if part in _WHOLE_IDS else '[^/]+'})")
        return re.compile("".join(parts), re.IGNORECASE)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the path's parameters if it is this operation's: literals in any case, as ARM has them."""
        found = self._pattern.fullmatch(path)
        return found.groupdict() if found else None

    @property
    def literals(self) -> tuple[int, int]:
        """Sort key by how specific its path is: without whole ids first, then by the number of fixed segments."""
        segments = self.template.split("/")
        return (-sum(part in _WHOLE_IDS for part in segments), sum("{" not in part for part in segments))

    def parameter(self, found: dict[str, str], name: str) -> str | None:
        """Return the value of a path parameter out of a match."""
        return found.get(_group(name))


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)


def namespace_of(path: str) -> str:
    """Return the resource provider that a path belongs to: the last one it names, else Resource Manager itself."""
    named = re.findall(r"/providers/([^/]+)", path, re.IGNORECASE)
    return str(named[-1]) if named else RESOURCE_MANAGER


@dataclass
class Operations:
    """All operations, by provider and api-version; read when first asked for."""

    documents: Documents
    _read: dict[tuple[str, str], list[Operation]] = field(default_factory=dict)

    def of(self, namespace: str, version: str) -> list[Operation]:
        """List a provider's operations at an api-version; none if no specification of it is stored."""
        key = (namespace.lower(), version.lower())
        if key not in self._read:
            files = [Node(self.documents.read(file), file) for file in self.documents.of(*key)]
            self._read[key] = [operation for node in files for operation in _operations(node)]
        return self._read[key]

    def find(self, method: str, path: str, version: str) -> tuple[Operation, dict[str, str]] | None:
        """Find the operation for a request and its path parameters; of several, that with the most specific path."""
        for namespace in (namespace_of(path), RESOURCE_MANAGER):
            fits = [
                (operation, found)
                for operation in self.of(namespace, version)
                if operation.method == method.lower() and (found := operation.match(path)) is not None
            ]
            if fits:
                return max(fits, key=lambda fit: fit[0].literals)
        return None


def _operations(node: Node) -> list[Operation]:
    paths = {**node.content.get("paths", {}), **node.content.get("x-ms-paths", {})}
    return [
        Operation(method, template.split("?")[0].rstrip("/"), node.part(content), item.get("parameters", []))
        for template, item in paths.items()
        for method, content in item.items()
        if method in _METHODS and not _ANYTHING.fullmatch(template)
    ]
