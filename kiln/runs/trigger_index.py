"""Which triggers a clock or an event could fire, found without reading all of them.

It owns paths and writes. Entries are hints: whoever finds one reads the trigger itself, and drops the entry when that
is gone or another.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed
from kiln.ids import TemplateId
from kiln.runs.documents import Documents, Stored, documents
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Alarm(Document):
    """A Schedule trigger; what was due until `handled` is done with."""

    template: TemplateId
    trigger: str
    handled: datetime


class Alarms:
    """The Schedule triggers of all templates."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, trigger: str) -> str:
        """Return where a trigger's entry is."""
        return f"alarms/{template.key}/{trigger.lower()}.json"

    def set(self, template: TemplateId, trigger: str, now: datetime) -> None:
        """Let the trigger fire from `now` on: what was due before is not caught up with."""
        alarm = Alarm(template=template, trigger=trigger, handled=now)
        self._store.put(self.path(template, trigger), alarm, lambda _: alarm)

    def drop(self, template: TemplateId, trigger: str) -> None:
        """Forget the trigger; it may be forgotten already."""
        self._store.delete(self.path(template, trigger))

    def list(self) -> Iterator[Stored[Alarm]]:
        """Yield all entries."""
        for path in self._store.paths("alarms/"):
            stored = self._store.get(path, Alarm)
            if stored is not None:
                yield stored

    def handled(self, alarm: Stored[Alarm], at: datetime) -> None:
        """Note that what was due until `at` is done with, unless the trigger was set anew in between."""
        changed = alarm.content.model_copy(update={"handled": at})
        with contextlib.suppress(PreconditionFailed):
            self._store.replace(self.path(changed.template, changed.trigger), changed, alarm.etag)


class Listener(Document):
    """An Event trigger that waits for events of one type."""

    template: TemplateId
    trigger: str


class Listeners:
    """The Event triggers of all templates, by the types of events that they wait for."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def folder(type_: str) -> str:
        """Return where the entries of a type are."""
        return f"listeners/{hashlib.sha256(type_.encode()).hexdigest()[:32]}/"

    def add(self, template: TemplateId, trigger: str, types: Iterable[str]) -> None:
        """Let the trigger be found by these types."""
        listener = Listener(template=template, trigger=trigger)
        for type_ in types:
            self._store.put(self._path(type_, listener), listener, lambda _: listener)

    def drop(self, template: TemplateId, trigger: str, types: Iterable[str]) -> None:
        """Let the trigger no longer be found by these types."""
        for type_ in types:
            self._store.delete(self._path(type_, Listener(template=template, trigger=trigger)))

    def of(self, type_: str) -> Iterator[Listener]:
        """Yield the triggers that wait for events of this type."""
        for path in self._store.paths(self.folder(type_)):
            stored = self._store.get(path, Listener)
            if stored is not None:
                yield stored.content

    def _path(self, type_: str, listener: Listener) -> str:
        return f"{self.folder(type_)}{listener.template.key}/{listener.trigger.lower()}.json"
