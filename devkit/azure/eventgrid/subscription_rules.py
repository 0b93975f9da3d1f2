"""Rules of an event subscription's document: refusals of Event Grid's, and the defaults that it fills in.

It owns these rules ("Event Grid subscription schema", "Event schema compatibility", "Event delivery with a managed
identity"); it must not know how a subscription is stored.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.errors import invalid
from devkit.azure.eventgrid.destinations import check_destination
from devkit.azure.eventgrid.events import CLOUD_EVENTS, EVENT_GRID
from devkit.azure.eventgrid.filters import check_filters

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

_ACCOUNT = "microsoft.storage/storageaccounts"
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
_BATCH = {"maxEventsPerBatch": (1, 5000, 1), "preferredBatchSizeInKilobytes": (1, 1024, 64)}
_RETRIES = {"maxDeliveryAttempts": (1, 30, 30), "eventTimeToLiveInMinutes": (1, 1440, 1440)}
"""The least, the most and the default of each."""


def checked(cloud: Cloud, topic: Resource, given: dict[str, Any]) -> dict[str, Any]:
    """Return a subscription's properties with the defaults filled in. Raises ArmError (400)."""
    properties = {**given}
    delivery = _one_of(properties, "destination", "deliveryWithResourceIdentity")
    if delivery is None:
        raise invalid("properties.destination: required and missing", "properties.destination")
    destination = delivery["destination"] if "identity" in delivery else delivery
    check_destination(cloud, destination)
    _numbers(destination["properties"], _BATCH, "properties.destination.properties")
    policy = properties["retryPolicy"] = {**properties.get("retryPolicy", {})}
    _numbers(policy, _RETRIES, "properties.retryPolicy")
    _schema(topic, properties)
    wanted = properties["filter"] = {"isSubjectCaseSensitive": False, **properties.get("filter", {})}
    check_filters(wanted.get("advancedFilters", []))
    letters = _one_of(properties, "deadLetterDestination", "deadLetterWithResourceIdentity")
    if letters is not None:
        _dead_letters(cloud, letters["deadLetterDestination"] if "identity" in letters else letters)
    for part in (delivery, letters or {}):
        if "identity" in part:
            _identity(topic, part["identity"])
    if "expirationTimeUtc" in properties:
        _time(properties["expirationTimeUtc"])
    return properties


def _one_of(properties: dict[str, Any], plain: str, with_identity: str) -> dict[str, Any] | None:
    if plain in properties and with_identity in properties:
        raise invalid(f"Only one of {plain} and {with_identity} can be given.", f"properties.{with_identity}")
    found: dict[str, Any] | None = properties.get(plain) or properties.get(with_identity)
    return found


def _numbers(values: dict[str, Any], limits: dict[str, tuple[int, int, int]], path: str) -> None:
    for name, (least, most, default) in limits.items():
        value = values.setdefault(name, default)
        if not least <= value <= most:
            raise invalid(f"{path}.{name}: {value} is not between {least} and {most}", f"{path}.{name}")


def _schema(topic: Resource, properties: dict[str, Any]) -> None:
    """Fill in the schema of delivery, the topic's own; refuse to make CloudEvents events of the Event Grid schema."""
    incoming = topic.properties.get("inputSchema", EVENT_GRID)
    outgoing = properties.setdefault("eventDeliverySchema", incoming)
    if (incoming, outgoing) == (CLOUD_EVENTS, EVENT_GRID):
        message = f"Event delivery schema '{outgoing}' is not compatible with the topic's input schema '{incoming}'."
        raise invalid(message, "properties.eventDeliverySchema")


def _dead_letters(cloud: Cloud, destination: dict[str, Any]) -> None:
    path = "properties.deadLetterDestination.properties"
    properties = destination["properties"]
    if ids.parse(properties["resourceId"], f"{path}.resourceId").type.lower() != _ACCOUNT:
        raise invalid(f"'{properties['resourceId']}' is no storage account.", f"{path}.resourceId")
    cloud.store.get(properties["resourceId"])
    if not _CONTAINER.fullmatch(properties["blobContainerName"]):
        raise invalid(f"'{properties['blobContainerName']}' is no container name.", f"{path}.blobContainerName")


def _identity(topic: Resource, wanted: dict[str, Any]) -> None:
    """Refuse an identity that the topic does not have: "enable a managed identity on the topic" comes first."""
    own = topic.doc.get("identity", {})
    if wanted["type"] == "SystemAssigned":
        has = "SystemAssigned" in own.get("type", "None")
    else:
        assigned = {ids.key(name) for name in own.get("userAssignedIdentities", {})}
        has = ids.key(wanted.get("userAssignedIdentity", "")) in assigned
    if not has:
        message = f"The {wanted['type']} identity is not enabled on the topic '{topic.name}'."
        raise invalid(message, "properties.deliveryWithResourceIdentity.identity")


def _time(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"'{text}' is no time in ISO 8601.", "properties.expirationTimeUtc") from error
