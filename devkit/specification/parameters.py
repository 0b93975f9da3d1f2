"""A request's path and query against the parameters that its operation has.

It owns these checks; it must not know bodies, except which parameter describes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devkit.specification.schemas import Direction
from devkit.specification.wording import mistakes, validator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.specification.documents import Documents, Node
    from devkit.specification.exchange import Exchange
    from devkit.specification.operations import Operation
    from devkit.specification.schemas import SchemaMaker

_EVERYWHERE = {"api-version"}
_PAGING = {"$skiptoken"}
"""A next link is the service's own to write, and this is the name that Azure's services use in it."""


@dataclass(frozen=True)
class Parameters:
    """Parameter objects of operations, with references followed."""

    documents: Documents
    schemas: SchemaMaker

    def of(self, operation: Operation) -> list[Node]:
        """List an operation's parameters and those that its path shares."""
        own = operation.node.content.get("parameters", [])
        return [self.documents.follow(operation.node.part(each)) for each in [*operation.shared, *own]]

    def body(self, operation: Operation) -> Node | None:
        """Return the parameter that describes the body, if the operation has one."""
        return next((each for each in self.of(operation) if each.content["in"] == "body"), None)

    def wrong(self, exchange: Exchange, operation: Operation, found: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a request's path and query."""
        known = set(_EVERYWHERE) | (_PAGING if "x-ms-pageable" in operation.node.content else set())
        for parameter in self.of(operation):
            content = parameter.content
            name = content["name"]
            if content["in"] == "path":
                yield from self._wrong_value(f"path {name}", parameter, operation.parameter(found, name))
            elif content["in"] == "query":
                known.add(name)
                if name in exchange.query:
                    yield from self._wrong_value(f"query {name}", parameter, exchange.query[name])
                elif content.get("required"):
                    yield f"query {name}", "required and missing"
        for name in exchange.query:
            if name not in known:
                yield f"query {name}", "not in the specification"

    def _wrong_value(self, place: str, parameter: Node, text: str | None) -> Iterator[tuple[str, str]]:
        value = _typed(text, parameter.content.get("type", "string"))
        schema = self.schemas.make(parameter, Direction.REQUEST)
        for _, what in mistakes(validator(schema), value):
            yield place, what


def _typed(text: str | None, kind: str) -> Any:
    """Read a value as the type that it should have; it stays text if it cannot be, for the check to say so."""
    if kind == "integer" and text is not None and text.lstrip("-").isdigit():
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    if kind == "array" and text is not None:
        return text.split(",")
    return text
