"""Kiln's state by turns: in blobs, as in production, while a case is about them, and in memory otherwise.

It owns that both hold the same at each turn; it must not know when that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError

from kiln.runs.documents import Documents, DocumentT, Stored, documents
from tests.faults.memory import MemoryDocuments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient
    from pydantic import BaseModel


class DocumentsByTurns(Documents):
    """Documents that are in blobs until they are moved to memory, and back."""

    def __init__(self, container: ContainerClient) -> None:
        super().__init__(container)
        self._memory = MemoryDocuments(container)
        self._are_blobs = True
        self._touched: set[str] = set()
        """The paths whose documents may differ from those on the other side, changed since the last turn."""

    def to_memory(self) -> None:
        """Go on in memory with the documents that the blobs hold now, under the same ETags."""
        if not self._are_blobs:
            return
        for path in self._touched:
            try:
                found = self._container.download_blob(path)
            except ResourceNotFoundError:
                self._memory.delete(path)
                continue
            self._memory.texts[path] = (found.readall().decode(), str(found.properties.etag))
            self._memory.labels[path] = dict(found.properties.metadata or {})
        self._touched.clear()
        self._are_blobs = False

    def to_blobs(self) -> None:
        """Go on in blobs; those of documents that were written in the meantime are made or replaced now."""
        if self._are_blobs:
            return
        for path in self._touched:
            if path not in self._memory.texts:
                super().delete(path)
                continue
            text, _ = self._memory.texts[path]
            self._memory.texts[path] = (text, self._write(path, text, self._memory.labels[path]))
        self._touched.clear()
        self._are_blobs = True

    def _write(self, path: str, text: str, labels: dict[str, str]) -> str:
        blob = self._container.get_blob_client(path)
        try:
            wrote = blob.upload_blob(text.encode(), overwrite=True, metadata=labels)
        except ResourceNotFoundError:  # the first document: there is no container yet
            self._create_container()
            wrote = blob.upload_blob(text.encode(), overwrite=True, metadata=labels)
        return str(wrote["etag"])

    def get(self, path: str, kind: type[DocumentT]) -> Stored[DocumentT] | None:
        """Return the document at `path`, or None."""
        return super().get(path, kind) if self._are_blobs else self._memory.get(path, kind)

    def _put(self, path: str, content: BaseModel, *, etag: str | None) -> str:
        self._touched.add(path)
        if self._are_blobs:
            return super()._put(path, content, etag=etag)
        return self._memory._put(path, content, etag=etag)

    def delete(self, path: str) -> None:
        """Delete the document at `path`; it may be gone already."""
        self._touched.add(path)
        if self._are_blobs:
            super().delete(path)
        else:
            self._memory.delete(path)

    def delete_unchanged(self, path: str, etag: str) -> bool:
        """Delete the document at `path` if it still has `etag`. Returns whether it is gone."""
        self._touched.add(path)
        if self._are_blobs:
            return super().delete_unchanged(path, etag)
        return self._memory.delete_unchanged(path, etag)

    def paths(self, prefix: str) -> Iterator[str]:
        """Yield the paths that start with `prefix`, in order."""
        return super().paths(prefix) if self._are_blobs else self._memory.paths(prefix)

    def told(self, prefix: str, label: str) -> Iterator[tuple[str, str | None]]:
        """Yield the paths that start with `prefix`, each with what its label says, or None, in order."""
        return super().told(prefix, label) if self._are_blobs else self._memory.told(prefix, label)

    def listed(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the paths that start with `prefix` and the ETags that they have."""
        return super().listed(prefix) if self._are_blobs else self._memory.listed(prefix)


def by_turns() -> DocumentsByTurns | None:
    """Return Kiln's documents, if they are by turns."""
    found = documents()
    return found if isinstance(found, DocumentsByTurns) else None
