"""Delivery of the events that are due: several at a time to each subscription, until each is taken or given up.

It owns attempts, batches and what follows from how they end; it must not know who publishes, or HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devkit.azure.errors import ArmError
from devkit.azure.eventgrid import dead_letters, retries
from devkit.azure.eventgrid.destinations import destination_of, url_of
from devkit.azure.eventgrid.retries import Attempt, Reason

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from devkit.azure.cloud import Cloud
    from devkit.azure.eventgrid.delivery_faults import DeliveryFaults
    from devkit.azure.eventgrid.event_time import EventTime
    from devkit.azure.eventgrid.queue import Delivery, Queue
    from devkit.azure.eventgrid.sender import Sender
    from devkit.azure.store import Resource

_LOG = logging.getLogger(__name__)
_PARALLEL = 8  # requests to one subscription at a time
_AFTER_A_BREAK = 10.0  # seconds
_NO_FUNCTION = Attempt(None, "InvalidAzureFunctionDestination")


@dataclass
class Dispatcher:
    """Delivers events; `counts` says by name how often things happened since the start."""

    cloud: Cloud
    queue: Queue
    time: EventTime
    sender: Sender
    faults: DeliveryFaults
    counts: Counter[str] = field(default_factory=Counter)
    _ready: dict[str, deque[Delivery]] = field(default_factory=lambda: defaultdict(deque))
    _active: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        """Begin to deliver, also what an earlier process left."""
        self._spawn(self._run())

    async def stop(self) -> None:
        """Stop; attempts under way are made again at the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.sender.close()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        while True:
            for delivery in self.queue.take(self.time.now()):
                self._ready[delivery.subscription].append(delivery)
            for key in list(self._ready):
                self._start_batches(key)
            await self.time.wait_until(self.queue.next_due())

    def _start_batches(self, key: str) -> None:
        ready = self._ready[key]
        while ready and self._active[key] < _PARALLEL:
            batch = self._batch(key, ready)
            self._active[key] += 1
            self._spawn(self._handle(key, batch))
        if not ready:
            del self._ready[key]

    def _batch(self, key: str, ready: deque[Delivery]) -> list[Delivery]:
        """Take the deliveries of one request, of equally many attempts ("all or none"), or a blob's dead letters."""
        most, size = _limits(self.cloud.store.find(key))
        batch = [ready.popleft()]
        size -= batch[0].event.size
        while ready and _together(ready[0], batch[0]) and (batch[0].reason or len(batch) < most):
            size -= ready[0].event.size
            if size < 0 and not batch[0].reason:
                break
            batch.append(ready.popleft())
        return batch

    async def _handle(self, key: str, batch: list[Delivery]) -> None:
        try:
            subscription = self.cloud.store.find(key)
            if subscription is None:
                self._forget(batch, "unsubscribed")
            elif batch[0].reason is not None:
                await self._bury(subscription, batch)
            else:
                await self._attempt(subscription, batch)
        except Exception:  # noqa: BLE001  # the task is the boundary: no event may be lost whatever broke
            _LOG.exception("a delivery to %s broke", key)
            for delivery in batch:
                self._again(delivery, _AFTER_A_BREAK)
        finally:
            self._active[key] -= 1
            self.time.wake()

    async def _attempt(self, subscription: Resource, batch: list[Delivery]) -> None:
        policy = subscription.properties["retryPolicy"]
        lifetime = policy["eventTimeToLiveInMinutes"] * 60 * self.cloud.time_scale
        # "The time-to-live expiration is checked ONLY at the next scheduled delivery attempt."
        alive, oldest = [], self.time.now() - lifetime
        for delivery in batch:
            if delivery.published >= oldest:
                alive.append(delivery)
            else:
                self._give_up(subscription, delivery, Reason.TIME_TO_LIVE)
        if not alive:
            return
        attempt = await self._send(subscription, alive)
        for delivery in alive:
            delivery.attempts += 1
            delivery.outcome, delivery.last_attempt = attempt.outcome, self.time.now()
            self._settle(subscription, delivery, attempt)

    async def _send(self, subscription: Resource, batch: list[Delivery]) -> Attempt:
        self.counts["attempts"] += 1
        url = url_of(self.cloud, subscription)
        if url is None:
            return _NO_FUNCTION
        fault = self.faults.attempted(batch[0])
        if "status" in fault:
            return Attempt.answered(fault["status"])
        properties = destination_of(subscription)["properties"]
        attempt = await self.sender.notify(
            url,
            subscription.name,
            batch,
            batched=properties["maxEventsPerBatch"] > 1,
            audience=properties.get("azureActiveDirectoryApplicationIdOrUri"),
        )
        return retries.TIMED_OUT if fault.get("loseAnswer") else attempt

    def _settle(self, subscription: Resource, delivery: Delivery, attempt: Attempt) -> None:
        if retries.succeeded(attempt):
            self._forget([delivery], "delivered")
            return
        step = retries.next_step(
            attempt,
            endpoint=destination_of(subscription)["endpointType"],
            attempts=delivery.attempts,
            most=subscription.properties["retryPolicy"]["maxDeliveryAttempts"],
        )
        if isinstance(step, Reason):
            self._give_up(subscription, delivery, step)
            return
        self.counts["retries"] += 1
        self._again(delivery, step)

    def _give_up(self, subscription: Resource, delivery: Delivery, reason: Reason) -> None:
        """Dead-letter an event five minutes after its last attempt; drop it if there is no place for dead letters."""
        _LOG.warning(
            "event %s for %s: %s after %d attempts, last outcome %s",
            delivery.document["id"], subscription.name, reason, delivery.attempts, delivery.outcome,
        )  # fmt: skip
        if dead_letters.place_of(subscription) is None:
            self._forget([delivery], "dropped")
            return
        delivery.reason = reason
        self._again(delivery, retries.DEAD_LETTER_SECONDS)

    async def _bury(self, subscription: Resource, letters: list[Delivery]) -> None:
        place = dead_letters.place_of(subscription)
        if place is None:  # removed since
            self._forget(letters, "dropped")
            return
        try:
            await dead_letters.write(self.cloud, place, subscription.name, letters, self.time.now())
        except ArmError as error:
            _LOG.warning("no dead letter of %s can be written: %s", subscription.name, error)
            for letter in letters:
                self._bury_later(letter)
            return
        self._forget(letters, "deadLettered")

    def _bury_later(self, letter: Delivery) -> None:
        """Try to dead-letter an event again in five minutes; drop it once its place has been gone for four hours."""
        since = letter.published if letter.last_attempt is None else letter.last_attempt
        if self.time.now() - since > retries.DEAD_LETTER_GIVE_UP_SECONDS * self.cloud.time_scale:
            self._forget([letter], "dropped")
        else:
            self._again(letter, retries.DEAD_LETTER_SECONDS)

    def _again(self, delivery: Delivery, seconds: float) -> None:
        delivery.due, delivery.rank = self.time.now() + seconds * self.cloud.time_scale, 0
        self.queue.put(delivery)

    def _forget(self, batch: list[Delivery], count: str) -> None:
        self.counts[count] += len(batch)
        for delivery in batch:
            self.queue.done(delivery)


def _limits(subscription: Resource | None) -> tuple[int, int]:
    """Return the largest number of events in one request, and their preferred size in bytes."""
    if subscription is None:
        return 1, 0
    properties = destination_of(subscription)["properties"]
    return properties["maxEventsPerBatch"], properties["preferredBatchSizeInKilobytes"] * 1024


def _together(one: Delivery, other: Delivery) -> bool:
    if other.reason is not None:
        return one.reason is not None
    return one.reason is None and (one.attempts, one.schema) == (other.attempts, other.schema)
