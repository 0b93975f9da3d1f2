"""The watcher's records of marketplace images: the newest version that was announced, and the warnings sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kiln.ids import digest
from kiln.rebuild.source import MarketplaceImage, version_order
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, readable
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


class SourceRecord(Document):
    """A marketplace image: the newest version that was announced, and the versions whose deprecation was.

    Asking for it has failed ever since `failing_since`, for `reason`.
    """

    source: MarketplaceImage
    newest: str | None = None
    warned: tuple[str, ...] = ()
    failing_since: datetime | None = None
    reason: str = ""


class Sources:
    """Records of marketplace images, by the source's key."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(source: str) -> str:
        """Return the path of the record of a source's key."""
        return f"sources/{digest(source, length=64)}.json"

    def get(self, source: str) -> SourceRecord | None:
        """Return the record of the source of that key, or None before it was first seen."""
        stored = self._store.get(self.path(source), SourceRecord)
        return stored.content if stored else None

    def remember(self, record: SourceRecord) -> None:
        """Store the announced versions; those that a faster watcher has stored stay."""

        def merge(known: SourceRecord) -> SourceRecord:
            return known.model_copy(
                update={
                    "newest": _later(known.newest, record.newest),
                    "warned": tuple(sorted({*known.warned, *record.warned}, key=version_order)),
                }
            )

        self._store.put(self.path(record.source.key), record, merge)

    def note(self, source: MarketplaceImage, reason: str | None, now: datetime) -> None:
        """Note that asking for the source failed, and why; or, with None, that it succeeded.

        An unreadable record makes a round fail and is replaced by an empty one: the next round is like the first.
        """

        def noted(known: SourceRecord) -> SourceRecord:
            since = None if reason is None else known.failing_since or now
            return known.model_copy(update={"failing_since": since, "reason": reason or ""})

        first = SourceRecord(source=source)
        if reason is None:
            self._store.update(self.path(source.key), SourceRecord, noted)
        else:
            keep_latest(self._store, self.path(source.key), noted(first), noted)

    def list(self) -> Iterator[SourceRecord]:
        """Yield the records of all sources."""
        yield from readable(self._store, "sources/", SourceRecord)


def _later(one: str | None, other: str | None) -> str | None:
    return max((version for version in (one, other) if version is not None), key=version_order, default=None)
