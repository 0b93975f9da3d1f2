"""Dead letters: blobs that Event Grid writes of the events that it gives up.

It owns their place and shape ("Event Grid message delivery and retry", "Set dead-letter location"); it must not know
when an event is given up.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devkit.azure import clock
from devkit.azure.eventgrid.events import CLOUD_EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devkit.azure.cloud import Cloud
    from devkit.azure.eventgrid.queue import Delivery
    from devkit.azure.store import Resource


@dataclass(frozen=True)
class Place:
    """A container of a storage account; `account` is the account's id."""

    account: str
    container: str


def place_of(subscription: Resource) -> Place | None:
    """Return where a subscription's dead letters go; None if it has no such place."""
    properties = subscription.properties
    wrapped = properties.get("deadLetterWithResourceIdentity") or properties
    destination = wrapped.get("deadLetterDestination")
    if destination is None:
        return None
    return Place(destination["properties"]["resourceId"], destination["properties"]["blobContainerName"])


async def write(cloud: Cloud, place: Place, name: str, letters: Sequence[Delivery], now: float) -> str:
    """Write events into one blob and return "container/blob". Raises ArmError if the account or container is gone."""
    account = cloud.store.get(place.account)
    at = datetime.fromtimestamp(now, UTC)
    # The name in upper case, "to protect against differences in case handling between Azure services".
    blob = f"{place.container}/{name.upper()}/{at.year}/{at.month}/{at.day}/{at.hour}/{uuid.uuid4()}.json"
    content = json.dumps([shaped(letter) for letter in letters]).encode()
    await cloud.blobs.upload(account.name, blob, content, "application/json")
    return blob


def shaped(letter: Delivery) -> dict[str, Any]:
    """Return an event with why and how it was given up; in CloudEvents, attribute names are all lower case."""
    facts = {
        "deadLetterReason": letter.reason,
        "deliveryAttempts": letter.attempts,
        "lastDeliveryOutcome": letter.outcome,
        "publishTime": clock.iso(letter.published),
    }
    if letter.last_attempt is not None:
        facts["lastDeliveryAttemptTime"] = clock.iso(letter.last_attempt)
    cloud = letter.schema == CLOUD_EVENTS
    return {**letter.document, **({name.lower(): value for name, value in facts.items()} if cloud else facts)}
