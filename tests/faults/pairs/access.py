"""Accesses of Kiln's to Azure, to blobs and to its own records, each told before it is made.

It owns how accesses are seen; it must not know who makes them, nor what for.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest
from azure.core.pipeline.transport import HttpTransport, RequestsTransport

from kiln.runs import documents
from tests.faults.direct import direct
from tests.faults.memory import MemoryDocuments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.storage.blob import ContainerClient
    from pydantic import BaseModel

    from kiln.runs.documents import DocumentT, Stored

Where = Literal["ARM", "blob", "record"]
READS = {"GET", "HEAD", "LIST"}


@dataclass(frozen=True)
class Access:
    """A request to Azure or to a blob, or a touch of one of Kiln's records. Paths are in lower case."""

    where: Where
    method: str
    path: str

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method not in READS

    def meets(self, other: Access) -> bool:
        """Whether the order of the two may matter: one writes what the other touches, or something within that."""
        if self.where != other.where or not (self.writes or other.writes):
            return False
        one, two = (f"{each.path.rstrip('/')}/" for each in (self, other))
        return one.startswith(two) or two.startswith(one)

    def __str__(self) -> str:
        """Return the access as text, with kinds in the place of names."""
        parts = self.path.strip("/").split("/")
        if self.where == "record":
            return f"{self.method} {parts[0]}"
        if self.where == "blob":
            return f"{self.method} blob"
        _, _, types = self.path.rpartition("/providers/")
        kinds = types.split("/")[1::2] if "/providers/" in self.path else parts[::2]
        return f"{self.method} {kinds[-1]}"


class WatchedDocuments(MemoryDocuments):
    """Records in memory, each access to which is told."""

    def __init__(self, container: ContainerClient, tell: Callable[[Access], None]) -> None:
        super().__init__(container)
        self._tell = tell

    def get(self, path: str, kind: type[DocumentT]) -> Stored[DocumentT] | None:
        """Return the document at `path`, or None."""
        self._tell(Access("record", "GET", path))
        return super().get(path, kind)

    def _put(self, path: str, content: BaseModel, *, etag: str | None) -> str:
        self._tell(Access("record", "PUT", path))
        return super()._put(path, content, etag=etag)

    def delete(self, path: str) -> None:
        """Delete the document at `path`; it may be gone already."""
        self._tell(Access("record", "DELETE", path))
        super().delete(path)

    def delete_unchanged(self, path: str, etag: str) -> bool:
        """Delete the document at `path` if it still has `etag`. Returns whether it is gone."""
        self._tell(Access("record", "DELETE", path))
        return super().delete_unchanged(path, etag)

    def paths(self, prefix: str) -> Iterator[str]:
        """Yield the paths that start with `prefix`, in order."""
        self._tell(Access("record", "LIST", prefix))
        return super().paths(prefix)


@contextmanager
def watched(tell: Callable[[Access], None], blob_port: Callable[[], int], pause: Callable[[], None]) -> Iterator[None]:
    """Tell of each access before it is made. `pause` stands in for azure-core's own pauses."""
    send = RequestsTransport.send

    def seen(transport: RequestsTransport, request: Any, **options: Any) -> Any:
        url = urlsplit(request.url)
        if not url.path.startswith("/msi/"):
            tell(Access("blob" if url.port == blob_port() else "ARM", request.method, url.path.lower()))
        return send(transport, request, **options)

    with direct(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "Documents", partial(WatchedDocuments, tell=tell))
        patch.setattr(RequestsTransport, "send", seen)
        patch.setattr(HttpTransport, "sleep", lambda *_: pause())
        yield
