"""The index of dependents and producers: the templates that follow a source, and those that make an image definition.

An entry is written before the trigger or template that it is made from is stored. So there may be an entry too many,
but none is missing: whoever reads one checks whether its template still names the source. An entry that its template
contradicts is removed once it is so old that no request can still be about to make it true.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kiln.ids import TemplateId, digest
from kiln.rebuild.source import Source
from kiln.runs.documents import Documents, Stored, documents
from kiln.runs.reading import forget_if, keep_latest, read_each
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

GRACE = timedelta(hours=1)
"""The least age of an entry that is removed: a request takes 4 minutes at most ("Azure Functions hosting options")."""


class Dependent(Document):
    """A trigger of a template that follows `source`; `produces` are the keys of the image definitions of its targets.

    `since` is when the entry was last written.
    """

    template: TemplateId
    trigger: str
    source: Source
    produces: tuple[str, ...] = ()
    since: datetime


class Dependents:
    """The index, by source and by image definition."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(source: str, template: TemplateId, trigger: str) -> str:
        """Return the path of a trigger's entry under a source's key."""
        return f"dependents/{digest(source, length=64)}/{template.key}/{trigger.lower()}.json"

    def put(self, dependent: Dependent) -> None:
        """Write an entry, new or over an existing one."""
        for path in _paths(dependent):
            keep_latest(self._store, path, dependent)

    def of(self, source: str) -> Iterator[Stored[Dependent]]:
        """Yield the entries of triggers that follow the source of that key, in order."""
        yield from self._under(f"dependents/{digest(source, length=64)}/")

    def producers(self, produced: str) -> Iterator[Dependent]:
        """Yield the entries of templates that make versions of the image definition of that key, in order."""
        for stored in self._under(f"producers/{digest(produced, length=64)}/"):
            yield stored.content

    def remove(self, dependent: Dependent, before: datetime | None = None) -> None:
        """Remove an entry, which may be gone already; with `before`, only if it was written before then."""
        for path in _paths(dependent):
            forget_if(self._store, path, Dependent, lambda known: before is None or known.since <= before)

    def remove_orphan(self, stored: Stored[Dependent], now: datetime) -> bool:
        """Remove an entry that its template contradicts, unless it is young or rewritten. Returns whether it did."""
        entry = stored.content
        if now - entry.since < GRACE:
            return False
        if not self._store.delete_unchanged(self.path(entry.source.key, entry.template, entry.trigger), stored.etag):
            return False
        for path in _paths(entry)[1:]:
            self._store.delete(path)
        return True

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield the path of each entry, with its trigger as `template key/trigger`."""
        for path in self._store.paths("dependents/"):
            yield path, path.split("/", 2)[2].removesuffix(".json")

    def at(self, path: str) -> Stored[Dependent] | None:
        """Return the entry at a place, or None."""
        return self._store.get(path, Dependent)

    def _under(self, prefix: str) -> Iterator[Stored[Dependent]]:
        yield from read_each(self._store, self._store.paths(prefix), Dependent).stored


def _paths(dependent: Dependent) -> tuple[str, ...]:
    template, trigger = dependent.template, dependent.trigger
    first = Dependents.path(dependent.source.key, template, trigger)
    return (
        first,
        *(
            f"producers/{digest(produced, length=64)}/{template.key}/{trigger.lower()}.json"
            for produced in dependent.produces
        ),
    )
