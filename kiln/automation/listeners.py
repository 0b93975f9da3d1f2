"""The index of listeners: the `Event` triggers by the types of events that fire them, so that not all need be read.

Entries are hints: whoever finds one reads the trigger itself, and skips one that is gone or has other types by now.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kiln.ids import TemplateId
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, readable
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Listener(Document):
    """An `Event` trigger in the index, under one type of event."""

    template: TemplateId
    trigger: str


class Listeners:
    """The `Event` triggers of all templates, by the types of events that fire them."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def folder(type_: str) -> str:
        """Return the folder of a type's entries."""
        return f"listeners/{hashlib.sha256(type_.encode()).hexdigest()[:32]}/"

    def add(self, template: TemplateId, trigger: str, types: Iterable[str]) -> None:
        """Write the trigger's entries under these types."""
        listener = Listener(template=template, trigger=trigger)
        for type_ in types:
            keep_latest(self._store, self._path(type_, listener), listener)

    def drop(self, template: TemplateId, trigger: str, types: Iterable[str]) -> None:
        """Remove the trigger's entries under these types."""
        for type_ in types:
            self._store.delete(self._path(type_, Listener(template=template, trigger=trigger)))

    def drop_all(self, template: TemplateId, trigger: str) -> None:
        """Remove all entries of a trigger whose types are not known: this reads the whole list."""
        own = self._path("", Listener(template=template, trigger=trigger)).removeprefix(self.folder(""))
        for path in list(self._store.paths("listeners/")):
            if path.split("/", 2)[2] == own:
                self._store.delete(path)

    def of(self, type_: str) -> Iterator[Listener]:
        """Yield the triggers that events of this type fire."""
        yield from readable(self._store, self.folder(type_), Listener)

    def _path(self, type_: str, listener: Listener) -> str:
        return f"{self.folder(type_)}{listener.template.key}/{listener.trigger.lower()}.json"
