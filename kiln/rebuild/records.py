"""The documents of rebuilds: each template's progress with its source's versions, and the slots."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiln.ids import RunRef, TemplateId
from kiln.rebuild.claims import RebuildRecord, present
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import forget_if, keep_latest
from kiln.runs.record import Document
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.runs.record import TemplateRecord

BEGINS_WITHIN = timedelta(minutes=10)
"""The time after which a slot without a stored run is free: its holder died between two steps that take far less."""


class Holder(Document):
    """A run that has a slot, and since when."""

    run: RunRef
    since: datetime


class Slots(Document):
    """The slots for rebuilds that are taken, oldest first.

    An unreadable document is replaced by an empty one: for a while, more rebuilds may run at once.
    """

    holders: tuple[Holder, ...] = ()


def take(slots: Slots, run: RunRef, limit: int, now: datetime) -> Slots:
    """Give the run a slot, if one is free and the run has none."""
    has_one = any(holder.run == run for holder in slots.holders)
    if has_one or len(slots.holders) >= limit:
        return slots
    return Slots(holders=(*slots.holders, Holder(run=run, since=now)))


def give_back(slots: Slots, runs: frozenset[RunRef]) -> Slots:
    """Free the slots of these runs."""
    return Slots(holders=tuple(holder for holder in slots.holders if holder.run not in runs))


class Rebuilds:
    """Rebuild records, by template, and the slots."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId) -> str:
        """Return the path of a template's record."""
        return f"rebuilds/{template.key}.json"

    def get(self, template: TemplateRecord, source: str) -> RebuildRecord:
        """Return the template's record for the source of that key."""
        stored = self._store.get(self.path(template.id), RebuildRecord)
        return present(stored.content if stored else None, template.id, template.created, source)

    def change(
        self, template: TemplateRecord, source: str, change: Callable[[RebuildRecord], RebuildRecord]
    ) -> RebuildRecord:
        """Apply a pure change to the template's record for the source of that key; return the result.

        The record of a newer template of its name is returned unchanged.
        """

        def applied(known: RebuildRecord | None) -> RebuildRecord:
            if known is not None and known.made > template.created:
                return known
            return change(present(known, template.id, template.created, source))

        return self._store.put(self.path(template.id), applied(None), applied).content

    def forget(self, template: TemplateRecord) -> None:
        """Remove the template's record, which may be gone already; that of a newer template of its name stays."""
        forget_if(self._store, self.path(template.id), RebuildRecord, lambda known: known.made == template.created)

    def take_slot(self, run: RunRef, limit: int, now: datetime) -> bool:
        """Give the run one of `limit` slots. Returns whether it has one.

        When all are taken, the oldest is freed if its run is over: its holder died before it could free it.
        """
        if self._take(run, limit, now):
            return True
        slots = self._store.get(_SLOTS, Slots)
        oldest = slots.content.holders[0] if slots and slots.content.holders else None
        if oldest is None or not self._is_over(oldest, now):
            return False
        self.free_slot(oldest.run)
        return self._take(run, limit, now)

    def free_slot(self, run: RunRef) -> None:
        """Free the run's slot; it may have none."""
        keep_latest(self._store, _SLOTS, Slots(), lambda known: give_back(known, frozenset({run})))

    def _take(self, run: RunRef, limit: int, now: datetime) -> bool:
        first = take(Slots(), run, limit, now)
        taken = keep_latest(self._store, _SLOTS, first, lambda known: take(known, run, limit, now))
        return any(holder.run == run for holder in taken.holders)

    def _is_over(self, holder: Holder, now: datetime) -> bool:
        record = Runs(self._store).get(holder.run.template, holder.run.run_id)
        if record is None:
            return now - holder.since > BEGINS_WITHIN
        return record.state.is_final


_SLOTS = "rebuild-slots.json"
