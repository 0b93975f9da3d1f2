"""Events on their way out: each run's own, in order, kept until they are published.

It owns the document, how it changes, and where it is kept; it must not know how anything is published.
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
"""How long a claim counts: longer than any one publishing, so that only a host that died leaves one behind."""


class Claim(BaseModel):
    """Who publishes now. One at a time, or a subscriber would get events twice; a dead one's claim runs out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str
    until: datetime


class Refusal(BaseModel):
    """An event that the topic refused by itself, since when, and why. One that is `too_large` is never taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: str
    since: datetime
    reason: str
    too_large: bool = False


class Outbox(BaseModel):
    """The events of a run, of which the first `sent` are published, but for those that are `refused`.

    `unjournaled` are the ids of those that were published while the journal could not be written. `failing_since` is
    set while publishing fails for another reason than an event of its own.
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
        """What is to be published, in order."""
        return self.events[self.sent :]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that may yet be published, or written into the journal."""
        return not self.unsent and not self.refused and not self.unjournaled

    def event(self, event_id: str) -> CloudEvent:
        """Return one of its events. Raises `KeyError`."""
        return {event.id: event for event in self.events}[event_id]


def add(outbox: Outbox, events: tuple[CloudEvent, ...]) -> Outbox:
    """Put events at the end; those whose ids are there already stay as they were first told.

    The run's own get their place as CloudEvents' `sequence`, for Event Grid delivers in any order.
    """
    new = {event.id: event for event in events}
    for known in outbox.events:
        new.pop(known.id, None)
    placed = tuple(_placed(event, outbox, at) for at, event in enumerate(new.values(), len(outbox.events) + 1))
    return outbox.model_copy(update={"events": (*outbox.events, *placed)})


def _placed(event: CloudEvent, outbox: Outbox, place: int) -> CloudEvent:
    return event.model_copy(update={"sequence": f"{place:06}"}) if event.subject == outbox.run.run_id else event


def claim(outbox: Outbox, by: str, now: datetime) -> Outbox:
    """Let `by` publish what is unsent or was refused, unless there is nothing, or another does so."""
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
    """Note that an event that was refused is published after all, or given up, and end the claim of `by`."""
    left = tuple(known for known in outbox.refused if known.event != event)
    return release(outbox, by).model_copy(update={"refused": left})


def mark_failed(outbox: Outbox, by: str, now: datetime) -> Outbox:
    """Note that publishing fails, since now if it did not before, and end the claim of `by`."""
    return release(outbox, by).model_copy(update={"failing_since": outbox.failing_since or now})


def release(outbox: Outbox, by: str) -> Outbox:
    """End the claim of `by`, if it has one."""
    own = outbox.claim is not None and outbox.claim.by == by
    return outbox.model_copy(update={"claim": None}) if own else outbox


class Outboxes:
    """Outboxes by run. One that is empty and whose run is over is removed."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(run: RunRef) -> str:
        """Return where a run's outbox is."""
        return f"outbox/{run.template.key}/{run.run_id}.json"

    def get(self, run: RunRef) -> Stored[Outbox] | None:
        """Return the outbox and its ETag, or None."""
        return self._store.get(self.path(run), Outbox)

    def add(self, run: RunRef, events: tuple[CloudEvent, ...]) -> Stored[Outbox]:
        """Keep events until they are published. The same events may be added again."""
        first = add(Outbox(run=run), events)
        return self._store.put(self.path(run), first, lambda known: add(known, events))

    def change(self, box: Stored[Outbox], change: Callable[[Outbox], Outbox]) -> Stored[Outbox] | None:
        """Apply a pure change to what was read or written just now, or else to what is there; None: it is gone."""
        return self._store.change(self.path(box.content.run), box, change)

    def remove(self, run: RunRef, etag: str) -> bool:
        """Remove the outbox if it is still the one with `etag`. Returns whether it is gone."""
        return self._store.delete_unchanged(self.path(run), etag)

    def list(self) -> Iterator[Outbox]:
        """Yield all outboxes: of runs that are going, and of those over that have something unsent."""
        yield from readable(self._store, "outbox/", Outbox)
