"""Outboxes: the events of each run, in order, kept until they are published.

This module owns the document, its changes and its place in the store; it must not know how events are published.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from kiln.events.cloud_events import CloudEvent
from kiln.ids import RunRef
from kiln.runs.documents import Documents, Stored, documents
from kiln.runs.reading import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOLD = timedelta(minutes=1)
"""How long a claim is valid: longer than any publishing takes, so that only a host that died leaves one behind."""


class Claim(BaseModel):
    """The claim of the process that publishes now. It expires, in case the process dies.

    Only one publishes at a time, or a subscriber would get events twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str
    until: datetime


class Refusal(BaseModel):
    """An event that the topic refused by itself, since when, and why. A `too_large` one is not tried again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str
    since: datetime
    reason: str
    too_large: bool = False


class Outbox(BaseModel):
    """The events of a run. The first `sent` of them are published, except those that are `refused`.

    `unjournaled` has the ids of events that were published while the journal could not be written. `failing_since` is
    set while publishing fails for a reason that is not a single event's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: RunRef
    events: tuple[CloudEvent, ...] = ()
    sent: int = 0
    refused: tuple[Refusal, ...] = ()
    unjournaled: tuple[str, ...] = ()
    claim: Claim | None = None
    failing_since: datetime | None = None

    @property
    def unsent(self) -> tuple[CloudEvent, ...]:
        """The events that are still to be published, in order."""
        return self.events[self.sent :]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to be published, or to be written into the journal."""
        return not self.unsent and not self.refused and not self.unjournaled

    def event(self, event_id: str) -> CloudEvent:
        """Return the event with that id. Raises `KeyError`."""
        return {event.id: event for event in self.events}[event_id]


def add(outbox: Outbox, events: tuple[CloudEvent, ...]) -> Outbox:
    """Return the outbox with events added at its end; those whose ids it has already stay as they are.

    Events of the run itself get their place as CloudEvents' `sequence`, because Event Grid delivers in any order.
    """
    new = {event.id: event for event in events}
    for known in outbox.events:
        new.pop(known.id, None)
    placed = tuple(_placed(event, outbox, at) for at, event in enumerate(new.values(), len(outbox.events) + 1))
    return outbox.model_copy(update={"events": (*outbox.events, *placed)})


def _placed(event: CloudEvent, outbox: Outbox, place: int) -> CloudEvent:
    return event.model_copy(update={"sequence": f"{place:06}"}) if event.subject == outbox.run.run_id else event


def claim(outbox: Outbox, by: str, now: datetime) -> Outbox:
    """Return the outbox with a claim of `by`; unchanged if there is nothing to publish, or another's claim is valid."""
    taken = outbox.claim is not None and outbox.claim.by != by and outbox.claim.until > now
    if taken or outbox.is_empty:
        return outbox
    return outbox.model_copy(update={"claim": Claim(by=by, until=now + HOLD)})


def mark_sent(outbox: Outbox, by: str, through: int) -> Outbox:
    """Note that the first `through` events are published, and end the claim of `by`."""
    return release(outbox, by).model_copy(update={"sent": max(outbox.sent, through), "failing_since": None})


def mark_unjournaled(outbox: Outbox, events: tuple[CloudEvent, ...]) -> Outbox:
    """Note that events are published, but not in the journal."""
    new = tuple(event.id for event in events if event.id not in outbox.unjournaled)
    return outbox.model_copy(update={"unjournaled": (*outbox.unjournaled, *new)})


def mark_journaled(outbox: Outbox, by: str, events: tuple[str, ...]) -> Outbox:
    """Note that events are in the journal after all, or given up, and end the claim of `by`."""
    left = tuple(known for known in outbox.unjournaled if known not in events)
    return release(outbox, by).model_copy(update={"unjournaled": left})


def mark_refused(outbox: Outbox, by: str, through: int, refusal: Refusal) -> Outbox:
    """Note that the topic refuses the last of the first `through` events, so that those after it can be published."""
    marked = mark_sent(outbox, by, through)
    known = {known.event for known in outbox.refused}
    return marked if refusal.event in known else marked.model_copy(update={"refused": (*outbox.refused, refusal)})


def mark_done_with(outbox: Outbox, by: str, event: str) -> Outbox:
    """Note that a refused event is published after all, or given up, and end the claim of `by`."""
    left = tuple(known for known in outbox.refused if known.event != event)
    return release(outbox, by).model_copy(update={"refused": left})


def mark_failed(outbox: Outbox, by: str, now: datetime) -> Outbox:
    """Note that publishing fails, from now on if it did not before, and end the claim of `by`."""
    return release(outbox, by).model_copy(update={"failing_since": outbox.failing_since or now})


def release(outbox: Outbox, by: str) -> Outbox:
    """End the claim of `by`, if it has one."""
    own = outbox.claim is not None and outbox.claim.by == by
    return outbox.model_copy(update={"claim": None}) if own else outbox


class Outboxes:
    """The stored outboxes, by run. An outbox is removed once it is empty and its run is over."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(run: RunRef) -> str:
        """Return the path of a run's outbox in the store."""
        return f"outbox/{run.template.key}/{run.run_id}.json"

    def get(self, run: RunRef) -> Stored[Outbox] | None:
        """Return the outbox and its ETag, or None."""
        return self._store.get(self.path(run), Outbox)

    def add(self, run: RunRef, events: tuple[CloudEvent, ...]) -> Stored[Outbox]:
        """Keep events until they are published. The same events may be added again."""
        first = add(Outbox(run=run), events)
        return self._store.put(self.path(run), first, lambda known: add(known, events))

    def change(self, box: Stored[Outbox], change: Callable[[Outbox], Outbox]) -> Stored[Outbox] | None:
        """Apply a pure change to an outbox, read anew if it has changed meanwhile; return None if it is gone."""
        return self._store.change(self.path(box.content.run), box, change)

    def remove(self, run: RunRef, etag: str) -> bool:
        """Remove the outbox if it is still the one with `etag`. Returns whether it is gone."""
        return self._store.delete_unchanged(self.path(run), etag)

    def list(self) -> Iterator[Outbox]:
        """Yield all outboxes: those of runs that are going, and those of ended runs with something left to publish."""
        yield from readable(self._store, "outbox/", Outbox)
