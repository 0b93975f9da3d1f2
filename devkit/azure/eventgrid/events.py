"""Events on the wire: the two schemas, their checks of what is published, and the conversion of one to the other.

It owns their checks (learn.microsoft.com, "Azure Event Grid event schema", "CloudEvents v1.0 schema with Azure Event
Grid"; github.com/cloudevents/spec, 1.0); it must not know topics, subscriptions or HTTP servers.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

EVENT_GRID = "EventGridSchema"
CLOUD_EVENTS = "CloudEventSchemaV1_0"
METADATA_VERSION = "1"
_GRID_NAMES = {"id", "topic", "subject", "eventType", "eventTime", "data", "dataVersion", "metadataVersion"}
_GRID_REQUIRED = ("id", "subject", "eventType", "eventTime", "dataVersion")
_CLOUD_REQUIRED = ("id", "source", "specversion", "type")
_CLOUD_TEXTS = (*_CLOUD_REQUIRED, "subject", "time", "datacontenttype", "dataschema")
_ATTRIBUTE = re.compile(r"[a-z0-9]+")  # CloudEvents 1.0, "Attribute Naming Convention"
# How the service names the schemas in its refusals (Azure/azure-sdk-for-python, issues 15941 and 16055).
_SPOKEN = {EVENT_GRID: "EventGridEvent", CLOUD_EVENTS: "CloudEventV10"}


class Malformed(Exception):
    """A published body is no event of the schema that the topic takes; the message is for the publisher."""


@dataclass(frozen=True)
class Event:
    """An event as it was published: its JSON object and its schema."""

    schema: str
    document: dict[str, Any]

    @property
    def type(self) -> str:
        """The type of event: what happened."""
        return str(self.document["type" if self.schema == CLOUD_EVENTS else "eventType"])

    @property
    def subject(self) -> str:
        """The subject: what it happened to; empty if the event does not say."""
        return str(self.document.get("subject") or "")

    @property
    def data_version(self) -> str:
        """The version of the data's schema, which only the Event Grid schema has."""
        return str(self.document.get("dataVersion", ""))

    def as_schema(self, schema: str) -> Event:
        """Return the event in a schema; only from Event Grid's to CloudEvents ("Event schema compatibility")."""
        if schema == self.schema:
            return self
        old = self.document
        cloud = {
            "specversion": "1.0",
            "id": old["id"],
            "source": old["topic"],
            "type": old["eventType"],
            "subject": old["subject"],
            "time": old["eventTime"],
            "data": old.get("data"),
        }
        return Event(CLOUD_EVENTS, cloud)

    @property
    def size(self) -> int:
        """The event's length in bytes."""
        return len(json.dumps(self.document).encode())


def stamped(document: dict[str, Any], topic: str) -> Event:
    """Return an event of the Event Grid schema with what Event Grid adds to it: the topic and its own version."""
    return Event(EVENT_GRID, {**document, "topic": topic, "metadataVersion": METADATA_VERSION})


def read(schema: str, body: bytes, *, topic: str) -> list[Event]:
    """Read the events in a body that was published to a topic. Raises Malformed."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Malformed(f"The request content is not valid JSON: {error}.") from error
    # A CloudEvent may come alone ("structured content mode"), events of the other schema only in an array.
    documents = [content] if schema == CLOUD_EVENTS and isinstance(content, dict) else content
    if not isinstance(documents, list):
        raise Malformed(_not_conforming(schema, "StartArray", "StartObject"))
    return [_event(schema, document, topic) for document in documents]


def _event(schema: str, document: Any, topic: str) -> Event:
    if not isinstance(document, dict):
        raise Malformed(_not_conforming(schema, "StartObject", type(document).__name__))
    if schema == CLOUD_EVENTS:
        _check_cloud(document)
        return Event(schema, document)
    _check_grid(document, topic)
    return stamped(document, topic)


def _check_grid(document: dict[str, Any], topic: str) -> None:
    for name in document.keys() - _GRID_NAMES:
        raise Malformed(
            f"This resource is configured for '{_SPOKEN[EVENT_GRID]}' schema. Received unexpected property '{name}' in "
            "JSON which does not conform to the expected schema."
        )
    for name in _GRID_REQUIRED:
        _text(EVENT_GRID, document, name)
    _time(EVENT_GRID, document, "eventTime")
    if document.get("topic") and document["topic"].lower() != topic.lower():
        raise Malformed(f"The topic '{document['topic']}' of the event is not the one it was sent to.")
    if document.get("metadataVersion") not in {None, METADATA_VERSION}:
        raise Malformed(f"The metadataVersion '{document['metadataVersion']}' of the event is not supported.")


def _check_cloud(document: dict[str, Any]) -> None:
    for name in _CLOUD_REQUIRED:
        _text(CLOUD_EVENTS, document, name)
    for name in _CLOUD_TEXTS:
        if document.get(name) is not None:
            _text(CLOUD_EVENTS, document, name)
    if document["specversion"] != "1.0":
        raise Malformed(f"The specversion '{document['specversion']}' is not supported.")
    for name in document.keys() - {"data_base64"}:
        if not _ATTRIBUTE.fullmatch(name):
            raise Malformed(f"'{name}' is no name of a CloudEvents attribute: lower-case letters and digits alone.")
    if "data" in document and "data_base64" in document:
        raise Malformed("A CloudEvent has data or data_base64, not both.")
    if document.get("time") is not None:
        _time(CLOUD_EVENTS, document, "time")


def _text(schema: str, document: dict[str, Any], name: str) -> None:
    if not isinstance(document.get(name), str) or not document[name]:
        raise Malformed(
            f"This resource is configured to receive event in '{_SPOKEN[schema]}' schema. The property '{name}' is "
            "missing, empty or no string."
        )


def _time(schema: str, document: dict[str, Any], name: str) -> None:
    try:
        moment = datetime.fromisoformat(document[name])
        if moment.tzinfo is not None:
            moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:  # or in UTC its year is before the first or after the last
        raise Malformed(f"The property '{name}' of '{_SPOKEN[schema]}' is no time in ISO 8601: {error}.") from error


def _not_conforming(schema: str, expected: str, actual: str) -> str:
    return (
        f"This resource is configured to receive event in '{_SPOKEN[schema]}' schema. The JSON received does not "
        f"conform to the expected schema. Token Expected: {expected}, Actual Token Received: {actual}."
    )
