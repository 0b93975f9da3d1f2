"""Kiln's state in this process's memory, for cases that are about other calls: they are four times as quick so.

It must not know what the documents mean; kiln/runs/documents.py says what each method promises.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed
from kiln.runs.documents import Documents, Labelled, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient
    from pydantic import BaseModel

    from kiln.runs.documents import DocumentT, Stored


class MemoryDocuments(Documents):
    """Documents in a dictionary."""

    def __init__(self, container: ContainerClient) -> None:
        super().__init__(container)
        self.texts: dict[str, tuple[str, str]] = {}
        """The documents as JSON, each with its ETag, by path."""
        self.labels: dict[str, dict[str, str]] = {}
        self._etags = (f"memory-{number}" for number in itertools.count(1))

    def get(self, path: str, kind: type[DocumentT]) -> Stored[DocumentT] | None:
        """Return the document at `path`, or None."""
        found = self.texts.get(path)
        if found is None:
            return None
        text, etag = found
        return decoded(path, kind, text, etag)

    def _put(self, path: str, content: BaseModel, *, etag: str | None) -> str:
        _, known = self.texts.get(path, ("", None))
        if known != etag:
            raise PreconditionFailed(f"{path} was changed by somebody else", target=path)
        new = next(self._etags)
        self.texts[path] = (content.model_dump_json(), new)
        self.labels[path] = content.labels if isinstance(content, Labelled) else {}
        return new

    def delete(self, path: str) -> None:
        """Delete the document at `path`; it may be gone already."""
        self.texts.pop(path, None)

    def delete_unchanged(self, path: str, etag: str) -> bool:
        """Delete the document at `path` if it still has `etag`. Returns whether it is gone."""
        if self.texts.get(path, ("", etag))[1] != etag:
            return False
        self.delete(path)
        return True

    def paths(self, prefix: str) -> Iterator[str]:
        """Yield the paths that start with `prefix`, in order."""
        yield from sorted(path for path in self.texts if path.startswith(prefix))

    def told(self, prefix: str, label: str) -> Iterator[tuple[str, str | None]]:
        """Yield the paths that start with `prefix`, each with what its label says, or None, in order."""
        yield from ((path, self.labels[path].get(label)) for path in self.paths(prefix))

    def listed(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the paths that start with `prefix` and the ETags that they have, in order."""
        for path in self.paths(prefix):
            yield path, self.texts[path][1]
