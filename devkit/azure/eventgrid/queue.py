"""Deliveries that are not done: one for each event and subscription, kept in the store until it has ended.

It owns their order and that a restart loses none; it must not know how anything is delivered.
"""

from __future__ import annotations

import heapq
import itertools
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from devkit.azure.eventgrid.events import Event

if TYPE_CHECKING:
    from devkit.azure.store import Store

_KIND = "delivery"


@dataclass
class Delivery:
    """An event on its way to a subscription, in that one's schema; times in seconds of the local Event Grid's time.

    `reason` is set once it is given up and waits to be dead-lettered. Of those due at one time the lowest `rank` goes
    first.
    """

    subscription: str
    schema: str
    document: dict[str, Any]
    published: float
    due: float
    rank: int = 0
    attempts: int = 0
    outcome: str | None = None
    last_attempt: float | None = None
    reason: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def event(self) -> Event:
        """The event that is delivered."""
        return Event(self.schema, self.document)


class Queue:
    """All deliveries of one local Azure; every change is on disk when a method returns."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._numbers = itertools.count()
        self._open: dict[str, Delivery] = {}
        self._due: list[tuple[float, int, int, Delivery]] = []
        for _, body in store.records(_KIND):
            self._arm(Delivery(**body))

    def put(self, delivery: Delivery) -> None:
        """Keep a delivery, new or changed, until it is due."""
        self._store.record(_KIND, delivery.id, asdict(delivery))
        self._arm(delivery)

    def _arm(self, delivery: Delivery) -> None:
        self._open[delivery.id] = delivery
        heapq.heappush(self._due, (delivery.due, delivery.rank, next(self._numbers), delivery))

    def take(self, now: float) -> list[Delivery]:
        """Take the deliveries that are due, earliest first. Each stays on disk until it is given to `put` or `done`."""
        taken = []
        while self._due and self._due[0][0] <= now:
            taken.append(heapq.heappop(self._due)[-1])
        return taken

    def next_due(self) -> float | None:
        """Return when the next delivery is due; None if none is."""
        return self._due[0][0] if self._due else None

    def done(self, delivery: Delivery) -> None:
        """Forget a delivery: it has ended."""
        self._open.pop(delivery.id, None)
        self._store.forget(_KIND, delivery.id)

    def show(self) -> list[dict[str, Any]]:
        """List the open deliveries: the event's id and type, its subscription, and where its delivery stands."""
        return [
            {
                "id": delivery.document["id"],
                "type": delivery.event.type,
                "subscription": delivery.subscription,
                "due": delivery.due,
                "attempts": delivery.attempts,
                "lastOutcome": delivery.outcome,
                "givenUp": delivery.reason,
            }
            for delivery in self._open.values()
        ]
