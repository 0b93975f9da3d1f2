"""What each trigger is about to fire for, and what it has fired for: occasions, changed by compare-and-swap alone.

It owns the document and how it changes; whether a trigger may fire is not its business. Triggers that follow their
template's source have none: versions of a source are known by themselves.
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
"""An event may come again for 24 hours ("Event Grid message delivery and retry")."""
MOST_REMEMBERED = 1000


class Occasion(Document):
    """Why a trigger is to fire: `id` tells it from all others of the trigger, `at` is when it came up.

    `lineage` are the templates whose runs led to it (kiln.runs.lineage), oldest first.
    """

    id: str
    at: datetime
    lineage: tuple[str, ...] = ()


class Firings(Document):
    """One trigger's occasions: the one that waits for its run, and all that were taken lately, oldest first.

    `made` tells the trigger from others of its name, those of a template made anew among them. What a schedule was due
    for until `handled` is taken. What comes while one waits goes with it.
    """

    template: TemplateId
    trigger: str
    made: datetime
    handled: datetime
    pending: Occasion | None = None
    taken: tuple[Occasion, ...] = ()


def take(firings: Firings, occasion: Occasion, now: datetime) -> Firings:
    """Take an occasion, unless it was taken before: it waits, or goes with the one that does."""
    if any(known.id == occasion.id for known in firings.taken):
        return firings
    lately = [known for known in firings.taken if now - known.at < REMEMBERED][1 - MOST_REMEMBERED :]
    return firings.model_copy(
        update={
            "pending": firings.pending or occasion,
            "taken": (*lately, occasion),
            "handled": max(firings.handled, occasion.at),
        }
    )


def finish(firings: Firings, read: Firings) -> Firings:
    """Let nothing wait any more but what was taken after `read`, for which the run came too early."""
    if firings.pending is None or read.pending is None or firings.pending.id != read.pending.id:
        return firings
    known = {occasion.id for occasion in read.taken}
    later = next((occasion for occasion in firings.taken if occasion.id not in known), None)
    return firings.model_copy(update={"pending": later})


def set_anew(firings: Firings, now: datetime) -> Firings:
    """Forget what waits and what was due: the trigger was stored again."""
    return firings.model_copy(update={"pending": None, "handled": now})


class AllFirings:
    """The documents, by template and trigger."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, trigger: str) -> str:
        """Return where a trigger's document is."""
        return f"firings/{template.key}/{trigger.lower()}.json"

    def set(self, trigger: TriggerRecord, now: datetime) -> None:
        """Begin anew at `now`: what was due before is not caught up with. What was taken is not taken again.

        Of a document that cannot be read it is not known what was taken.
        """
        first = Firings(template=trigger.template, trigger=trigger.name, made=trigger.created, handled=now)

        def again(known: Firings) -> Firings:
            return set_anew(known, now) if known.made == trigger.created else first

        keep_latest(self._store, self.path(trigger.template, trigger.name), first, again)

    def change(self, firings: Firings, change: Callable[[Firings], Firings]) -> Firings | None:
        """Apply a pure change; return the result, or None when the document is gone, or another trigger's by now."""
        path = self.path(firings.template, firings.trigger)
        changed = self._store.update(path, Firings, lambda known: change(known) if _same(known, firings) else known)
        return changed if changed is not None and _same(changed, firings) else None

    def get(self, template: TemplateId, trigger: str) -> Firings | None:
        """Return the document, or None."""
        stored = self._store.get(self.path(template, trigger), Firings)
        return stored.content if stored else None

    def list(self) -> Iterator[Firings]:
        """Yield all of them."""
        yield from readable(self._store, "firings/", Firings)

    def drop_read(self, firings: Firings) -> None:
        """Forget the very trigger that the document is of, and no other of its name."""
        path = self.path(firings.template, firings.trigger)
        forget_if(self._store, path, Firings, lambda known: _same(known, firings))

    def drop(self, template: TemplateId, trigger: str) -> None:
        """Forget the trigger; it may be forgotten already."""
        self._store.delete(self.path(template, trigger))


def _same(one: Firings, other: Firings) -> bool:
    return one.made == other.made
