"""Pending events of triggers: one document for each trigger has the event that it is yet to fire for, and taken ones.

It owns the document and how it changes, by compare-and-swap; kiln.lifecycle.fire_trigger decides whether a trigger may
fire. `SourceImage` triggers have no such document: their versions are claimed (kiln.rebuild.claims).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiln.ids import TemplateId
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import forget_if, keep_latest, readable
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiln.runs.record import TriggerRecord

REMEMBERED = timedelta(hours=25)
"""How long a taken event is remembered: it may come again for 24 hours ("Event Grid message delivery and retry")."""
MOST_REMEMBERED = 1000


class PendingEvent(Document):
    """The reason for a trigger to fire: `id` tells it from all others of the trigger, `at` is when it came.

    `lineage` has the templates whose runs led to it (kiln.runs.lineage), oldest first.
    """

    id: str
    at: datetime
    lineage: tuple[str, ...] = ()


class PendingEvents(Document):
    """The events of one trigger: the one that waits for its run, and all that were taken lately, oldest first.

    `made` tells the trigger from others of its name, also from those of a newer template. The times of a schedule until
    `handled` are taken. An event that comes while another waits is served by the same run.
    """

    template: TemplateId
    trigger: str
    made: datetime
    handled: datetime
    pending: PendingEvent | None = None
    taken: tuple[PendingEvent, ...] = ()


def take(pending_events: PendingEvents, event: PendingEvent, now: datetime) -> PendingEvents:
    """Take an event, unless it was taken before: it waits, or joins the one that waits."""
    if any(known.id == event.id for known in pending_events.taken):
        return pending_events
    lately = [known for known in pending_events.taken if now - known.at < REMEMBERED][1 - MOST_REMEMBERED :]
    return pending_events.model_copy(
        update={
            "pending": pending_events.pending or event,
            "taken": (*lately, event),
            "handled": max(pending_events.handled, event.at),
        }
    )


def finish(pending_events: PendingEvents, read: PendingEvents) -> PendingEvents:
    """Clear the waiting event, but for events that were taken after `read`, which the run came too early for."""
    if pending_events.pending is None or read.pending is None or pending_events.pending.id != read.pending.id:
        return pending_events
    known = {event.id for event in read.taken}
    later = next((event for event in pending_events.taken if event.id not in known), None)
    return pending_events.model_copy(update={"pending": later})


def set_anew(pending_events: PendingEvents, now: datetime) -> PendingEvents:
    """Clear the waiting event and all due times, since the trigger was stored again."""
    return pending_events.model_copy(update={"pending": None, "handled": now})


class AllPendingEvents:
    """Pending events, by template and trigger."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, trigger: str) -> str:
        """Return the path of a trigger's pending events."""
        return f"pending-events/{template.key}/{trigger.lower()}.json"

    def set(self, trigger: TriggerRecord, now: datetime) -> None:
        """Begin anew at `now`: times that were due before are not caught up with, and taken events not taken again.

        An unreadable document is replaced, and the events that it had as taken are forgotten.
        """
        first = PendingEvents(template=trigger.template, trigger=trigger.name, made=trigger.created, handled=now)

        def again(known: PendingEvents) -> PendingEvents:
            return set_anew(known, now) if known.made == trigger.created else first

        keep_latest(self._store, self.path(trigger.template, trigger.name), first, again)

    def change(
        self, pending_events: PendingEvents, change: Callable[[PendingEvents], PendingEvents]
    ) -> PendingEvents | None:
        """Apply a pure change; return the result, or None when the document is gone or is another trigger's by now."""
        path = self.path(pending_events.template, pending_events.trigger)
        changed = self._store.update(
            path, PendingEvents, lambda known: change(known) if _same(known, pending_events) else known
        )
        return changed if changed is not None and _same(changed, pending_events) else None

    def get(self, template: TemplateId, trigger: str) -> PendingEvents | None:
        """Return the document, or None."""
        stored = self._store.get(self.path(template, trigger), PendingEvents)
        return stored.content if stored else None

    def list(self) -> Iterator[PendingEvents]:
        """Yield the pending events of all triggers, as far as they can be read."""
        yield from readable(self._store, "pending-events/", PendingEvents)

    def drop_read(self, pending_events: PendingEvents) -> None:
        """Remove the document that was read, but not that of another trigger of its name."""
        path = self.path(pending_events.template, pending_events.trigger)
        forget_if(self._store, path, PendingEvents, lambda known: _same(known, pending_events))

    def drop(self, template: TemplateId, trigger: str) -> None:
        """Remove the trigger's document, which may be gone already."""
        self._store.delete(self.path(template, trigger))


def _same(one: PendingEvents, other: PendingEvents) -> bool:
    return one.made == other.made
