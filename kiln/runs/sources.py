"""What the watcher knows of each marketplace image: its newest version that was announced, and what was warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.rebuild.source import MarketplaceImage, digest, version_order
from kiln.runs.documents import Documents, documents
from kiln.runs.record import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


class SourceRecord(Document):
    """A marketplace image: the newest version that was announced, and all whose deprecation was."""

    source: MarketplaceImage
    newest: str | None = None
    warned: tuple[str, ...] = ()


class Sources:
    """What is known, by source."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(source: str) -> str:
        """Return where the record of a source's key is."""
        return f"sources/{digest(source, length=64)}.json"

    def get(self, source: str) -> SourceRecord | None:
        """Return what is known of the source of that key, or None before it was first seen."""
        stored = self._store.get(self.path(source), SourceRecord)
        return stored.content if stored else None

    def remember(self, record: SourceRecord) -> None:
        """Remember what was announced; what a faster watcher knows already stays known."""

        def merge(known: SourceRecord) -> SourceRecord:
            return known.model_copy(
                update={
                    "newest": _later(known.newest, record.newest),
                    "warned": tuple(sorted({*known.warned, *record.warned}, key=version_order)),
                }
            )

        self._store.put(self.path(record.source.key), record, merge)

    def list(self) -> Iterator[SourceRecord]:
        """Yield what is known of every source."""
        for path in self._store.paths("sources/"):
            stored = self._store.get(path, SourceRecord)
            if stored is not None:
                yield stored.content


def _later(one: str | None, other: str | None) -> str | None:
    return max((version for version in (one, other) if version is not None), key=version_order, default=None)
