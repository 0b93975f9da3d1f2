"""The check of one exchange: whether the request is as Azure takes it, and the answer as Azure gives it.

It owns the checks and their order; it must not know where traffic comes from. A request that was refused is not judged:
a test may well send nonsense, and what counts is that nothing wrong is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from devkit.specification.departures import DIFFERENCES, ROUTES, Body
from devkit.specification.documents import Documents, Node
from devkit.specification.inheritance import Heirs
from devkit.specification.operations import Operation, Operations, namespace_of
from devkit.specification.parameters import Parameters
from devkit.specification.schemas import Direction, SchemaMaker
from devkit.specification.wording import mistakes, validator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.specification.exchange import Exchange

_REFUSED = 400
_LATER = (201, 202)
_POLLING = ("location", "azure-asyncoperation")
# Resource Manager's error object, which every provider's own definition agrees with.
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string", "minLength": 1}, "message": {"type": "string", "minLength": 1}},
        }
    },
}
_STATUS_TYPES = "specification/common-types/resource-management/v5/types.json"


@dataclass(frozen=True)
class Violation:
    """One way in which an exchange is not as the specification has it."""

    exchange: str
    operation: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.exchange}\n    {self.operation}: {self.where}: {self.what}"


@dataclass
class Specifications:
    """The specifications below a folder, as judge of exchanges. Schemas are made once for each use."""

    root: Path
    _validators: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @cached_property
    def documents(self) -> Documents:
        """The files."""
        return Documents(self.root)

    @cached_property
    def _operations(self) -> Operations:
        return Operations(self.documents)

    @cached_property
    def _schemas(self) -> SchemaMaker:
        return SchemaMaker(self.documents, Heirs(self.documents))

    @cached_property
    def _parameters(self) -> Parameters:
        return Parameters(self.documents, self._schemas)

    def has(self, exchange: Exchange) -> bool:
        """Whether the specification at the exchange's api-version is at hand."""
        return bool(self._operations.of(namespace_of(exchange.path), exchange.api_version))

    def check(self, exchange: Exchange) -> list[Violation]:
        """List what is wrong with an exchange."""
        operation, wrong = self._judged(exchange)
        return [
            Violation(str(exchange), operation, where, what)
            for where, what in wrong
            if not any(difference.explains(operation, where, what) for difference in DIFFERENCES)
        ]

    def _judged(self, exchange: Exchange) -> tuple[str, list[tuple[str, str]]]:
        route = next((each for each in ROUTES if each.is_of(exchange)), None)
        if route is not None:
            return route.reason, list(self._off_specification(exchange, route.body))
        found = self._operations.find(exchange.method, exchange.path, exchange.api_version)
        if found is None:
            namespace = namespace_of(exchange.path)
            stored = ", ".join(self.documents.versions(namespace)) or "none"
            what = f"{namespace} has none such at this api-version (stored versions: {stored})"
            return "no operation", [("operation", what)] if exchange.status < _REFUSED else []
        operation, parameters = found
        wrong = list(self._answer(exchange, operation))
        if exchange.status < _REFUSED:
            wrong += self._parameters.wrong(exchange, operation, parameters)
            wrong += self._request(exchange, operation)
        return operation.name, wrong

    def _off_specification(self, exchange: Exchange, body: Body) -> Iterator[tuple[str, str]]:
        if body is Body.FOREIGN:
            return
        if exchange.status >= _REFUSED:
            yield from _placed("answer", _error_mistakes(exchange))
        elif body is Body.OPERATION_STATUS:
            checks = self._validator(("status",), self._status_object, Direction.SHOWN)
            answer = dict(exchange.answer) if isinstance(exchange.answer, dict) else exchange.answer
            if isinstance(answer, dict):
                answer.pop("properties", None)  # the operation's own result, of whatever shape
            yield from _placed("answer", mistakes(checks, answer))

    @cached_property
    def _status_object(self) -> Node:
        file = (self.root / _STATUS_TYPES).resolve()
        return self.documents.at(f"{file}#/definitions/OperationStatusResult")

    def _request(self, exchange: Exchange, operation: Operation) -> Iterator[tuple[str, str]]:
        parameter = self._parameters.body(operation)
        if parameter is None:
            if exchange.request is not None:
                yield "request", "has a body; the operation takes none"
        elif exchange.request is not None:
            schema = parameter.part(parameter.content["schema"])
            checks = self._validator((operation.name, operation.node.file), schema, Direction.REQUEST)
            yield from _placed("request", mistakes(checks, exchange.request))
        elif parameter.content.get("required"):
            yield "request", "required and missing"

    def _answer(self, exchange: Exchange, operation: Operation) -> Iterator[tuple[str, str]]:
        responses = operation.node.content["responses"]
        refused = exchange.status >= _REFUSED
        declared = responses.get(str(exchange.status), responses.get("default") if refused else None)
        if declared is None and not refused:
            yield "status", f"{exchange.status} is not one of {', '.join(responses)}"
            return
        if exchange.method == "HEAD":
            return
        if refused:
            yield from _placed("answer", _error_mistakes(exchange))
        if declared is not None:
            yield from self._declared(exchange, operation, self.documents.follow(operation.node.part(declared)))
        if "x-ms-long-running-operation" in operation.node.content and exchange.status in _LATER:
            yield from _polling_mistakes(exchange)

    def _declared(self, exchange: Exchange, operation: Operation, response: Node) -> Iterator[tuple[str, str]]:
        schema = response.content.get("schema")
        if schema is None:
            if exchange.answer is not None and exchange.status < _REFUSED:
                yield "answer", f"has a body; a {exchange.status} of this operation has none"
            return
        if exchange.answer is None:
            yield "answer", "has no body"
            return
        direction = Direction.RETURNED if exchange.method == "POST" else Direction.SHOWN
        key = (operation.name, operation.node.file, min(exchange.status, _REFUSED))
        checks = self._validator(key, response.part(schema), direction)
        yield from _placed("answer", mistakes(checks, exchange.answer))

    def _validator(self, key: tuple[Any, ...], node: Node, direction: Direction) -> Any:
        key = (*key, direction)
        if key not in self._validators:
            self._validators[key] = validator(self._schemas.make(node, direction))
        return self._validators[key]


def check_exchange(specifications: Specifications, exchange: Exchange) -> None:
    """Raise AssertionError with every violation of one exchange."""
    found = specifications.check(exchange)
    if found:
        raise AssertionError("\n".join(map(str, found)))


def _placed(body: str, found: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for place, what in found:
        yield f"{body} {place}".rstrip(), what


def _error_mistakes(exchange: Exchange) -> Iterator[tuple[str, str]]:
    return mistakes(validator(_ERROR), exchange.answer)


def _polling_mistakes(exchange: Exchange) -> Iterator[tuple[str, str]]:
    properties = exchange.answer.get("properties") if isinstance(exchange.answer, dict) else None
    settled = isinstance(properties, dict) and properties.get("provisioningState") == "Succeeded"
    if not settled and not any(name in exchange.headers for name in _POLLING):
        yield "headers", f"a {exchange.status} of a long-running operation names neither {' nor '.join(_POLLING)}"
