"""The local Event Grid as one object: its queue, its dispatcher, and the way of an event into them.

It owns which subscriptions an event goes to; it must not know HTTP or how a subscription is made.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devkit.azure.eventgrid import filters
from devkit.azure.eventgrid.delivery_faults import DeliveryFaults
from devkit.azure.eventgrid.dispatcher import Dispatcher
from devkit.azure.eventgrid.event_time import EventTime
from devkit.azure.eventgrid.queue import Delivery, Queue
from devkit.azure.eventgrid.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devkit.azure.cloud import Cloud
    from devkit.azure.eventgrid.events import Event
    from devkit.azure.store import Resource

SUBSCRIPTIONS = ("Microsoft.EventGrid/topics/eventSubscriptions", "Microsoft.EventGrid/systemTopics/eventSubscriptions")
_KEPT = 1000  # published events that can be looked at
_IN_FORCE = {"Succeeded", "Updating"}


class EventGrid:
    """The local Event Grid: everything between a publisher and the subscribers."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.time = EventTime(cloud.store)
        self.faults = DeliveryFaults()
        self.queue = Queue(cloud.store)
        self.sender = Sender(cloud.storage.ca_file, cloud.issuer)
        self.dispatcher = Dispatcher(cloud, self.queue, self.time, self.sender, self.faults)
        self._published: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._number = 0

    def start(self) -> None:
        """Begin to deliver."""
        self.dispatcher.start()

    async def stop(self) -> None:
        """Stop delivering; what is open goes on at the next start."""
        await self.dispatcher.stop()

    def publish(self, topic: str, events: Sequence[Event]) -> None:
        """Queue events published to a topic (by its id) for the subscriptions that want them; on disk at once."""
        subscriptions = self._subscriptions(topic)
        for event in events:
            self._number += 1
            self._published.append({"number": self._number, "topic": topic, "event": event.document})
            self.dispatcher.counts["published"] += 1
            for subscription in subscriptions:
                self._match(subscription, event)
        self.time.wake()

    def published(self, after: int) -> list[dict[str, Any]]:
        """List the latest published events with a number above `after`."""
        return [entry for entry in self._published if entry["number"] > after]

    def _subscriptions(self, topic: str) -> list[Resource]:
        found = [item for kind in SUBSCRIPTIONS for item in self._cloud.store.list(kind=kind, within=topic)]
        return [item for item in found if self._in_force(item)]

    def _in_force(self, subscription: Resource) -> bool:
        expires = subscription.properties.get("expirationTimeUtc")
        if expires is not None and _in_utc(expires).timestamp() <= self.time.now():
            return False
        return subscription.properties["provisioningState"] in _IN_FORCE

    def _match(self, subscription: Resource, event: Event) -> None:
        delivered = event.as_schema(subscription.properties["eventDeliverySchema"])
        given = subscription.properties["filter"]
        if not filters.passes(given, delivered.document, event_type=delivered.type, subject=delivered.subject):
            self.dispatcher.counts["filteredOut"] += 1
            return
        now = self.time.now()
        delivery = Delivery(subscription.key, delivered.schema, delivered.document, now, now)
        copies = self.faults.published(delivery, now)
        self.queue.put(delivery)
        for _ in range(copies):
            self.queue.put(
                Delivery(delivery.subscription, delivery.schema, delivery.document, now, delivery.due, delivery.rank)
            )


def _in_utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
