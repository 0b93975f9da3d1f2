"""JSON documents in Blob Storage, changed by ETag compare-and-swap: the only module that writes Kiln's state.

It knows blobs and pydantic models, and nothing of what the documents mean.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ValidationError

from kiln import blobs
from kiln.config import config
from kiln.errors import DocumentUnreadable, PreconditionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from azure.storage.blob import BlobProperties, ContainerClient

CONTAINER = "kiln"
ATTEMPTS = 20
"""Compare-and-swap attempts before giving up; with n writers at once, one needs at most n."""

STATE_HINT = (
    "The setting KILN_STATE_ENDPOINT names it. Check that the account exists, that its firewall lets the app in, and "
    "that Kiln's identity is Storage Blob Data Owner there."
)
STATE = ("The storage account with Kiln's state", STATE_HINT)
"""The state account as error messages call it, and the hint for when it does not answer."""


@runtime_checkable
class Labelled(Protocol):
    """A document with `labels`: they become the blob's metadata in the same write, so that lists show them."""

    @property
    def labels(self) -> dict[str, str]:
        """The labels by name (letters alone), names and values both ASCII."""
        ...


DocumentT = TypeVar("DocumentT", bound=BaseModel)


class Stored(BaseModel, Generic[DocumentT]):
    """A document, and the ETag with which it was read."""

    content: DocumentT
    etag: str


def decoded(path: str, kind: type[DocumentT], text: bytes | str, etag: str) -> Stored[DocumentT]:
    """Return a document decoded from JSON. Raises `DocumentUnreadable`, which quotes no value: one may be a secret."""
    try:
        content = kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        why = f"it has another form than this version of Kiln writes: {where}: {first['msg']}"
        raise DocumentUnreadable(path, why, etag) from None
    return Stored[kind](content=content, etag=etag)  # type: ignore[valid-type]


class Documents:
    """The documents of one container, by path.

    Every call may raise `StorageUnavailable`, and each that reads `DocumentUnreadable`.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    @blobs.answering(*STATE)
    def get(self, path: str, kind: type[DocumentT]) -> Stored[DocumentT] | None:
        """Return the document at `path`, or None."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            download = self._container.download_blob(path)
        except ResourceNotFoundError:
            return None
        return decoded(path, kind, download.readall(), str(download.properties.etag))

    def create(self, path: str, content: BaseModel) -> str:
        """Write a new document and return its ETag. Raises `PreconditionFailed` when another one is at `path`."""
        return self._put_or_find(path, content, etag=None)

    def replace(self, path: str, content: BaseModel, etag: str) -> str:
        """Write a document over the one with `etag`. Raises `PreconditionFailed` when that one is gone or newer."""
        return self._put_or_find(path, content, etag=etag)

    def _put_or_find(self, path: str, content: BaseModel, *, etag: str | None) -> str:
        """Write as `_put` does; an equal document counts as written, as this call's first answer may have been lost."""
        try:
            return self._put(path, content, etag=etag)
        except PreconditionFailed:
            there = self.get(path, type(content))
            if there is None or there.content != content:
                raise
            return there.etag

    @blobs.answering(*STATE)
    def _put(self, path: str, content: BaseModel, *, etag: str | None) -> str:
        from azure.core import MatchConditions
        from azure.core.exceptions import (
            ResourceExistsError,
            ResourceModifiedError,
            ResourceNotFoundError,
        )

        data = content.model_dump_json().encode()
        blob = self._container.get_blob_client(path)
        labels = content.labels if isinstance(content, Labelled) else None
        try:
            if etag is None:
                wrote = blob.upload_blob(data, overwrite=False, metadata=labels)
            else:
                same = MatchConditions.IfNotModified
                wrote = blob.upload_blob(data, overwrite=True, etag=etag, match_condition=same, metadata=labels)
            return str(wrote["etag"])
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
            code = getattr(error, "error_code", None)
            if code == "ContainerNotFound":
                self._create_container()
                return self._put(path, content, etag=etag)
            if isinstance(error, ResourceExistsError) and code != "BlobAlreadyExists":
                raise  # any other 409 is a passing state of the account, not of the document
            raise PreconditionFailed(f"{path} was changed by somebody else", target=path) from error

    def _create_container(self) -> None:
        from azure.core.exceptions import ResourceExistsError

        with contextlib.suppress(ResourceExistsError):  # another worker made it first
            self._container.create_container()

    def update(self, path: str, kind: type[DocumentT], change: Callable[[DocumentT], DocumentT]) -> DocumentT | None:
        """Apply `change` to the document at `path` by compare-and-swap; return the result, or None if there is none.

        `change` may run several times and must be pure. Nothing is written when it returns an equal document.
        """
        stored = self.change(path, self.get(path, kind), change)
        return stored.content if stored else None

    def change(
        self, path: str, stored: Stored[DocumentT] | None, change: Callable[[DocumentT], DocumentT]
    ) -> Stored[DocumentT] | None:
        """Apply `change` as `update` does, starting from `stored`; read the document again only if that is outdated."""
        for _ in range(ATTEMPTS):
            if stored is None:
                return None
            changed = change(stored.content)
            if changed == stored.content:
                return stored
            try:
                written = self._put(path, changed, etag=stored.etag)
            except PreconditionFailed:
                stored = self.get(path, type(stored.content))
            else:
                return stored.model_copy(update={"content": changed, "etag": written})
        raise PreconditionFailed(f"{path} kept changing for {ATTEMPTS} attempts", target=path)

    def put(self, path: str, content: DocumentT, merge: Callable[[DocumentT], DocumentT]) -> Stored[DocumentT]:
        """Write `content` as a new document, or apply `merge` to the existing one; return the stored document."""
        kind = type(content)
        for _ in range(ATTEMPTS):
            merged = self.change(path, self.get(path, kind), merge)
            if merged is not None:
                return merged
            with contextlib.suppress(PreconditionFailed):  # somebody else made it first
                return Stored[kind](content=content, etag=self._put(path, content, etag=None))  # type: ignore[valid-type]
        raise PreconditionFailed(f"{path} kept changing for {ATTEMPTS} attempts", target=path)

    @blobs.answering(*STATE)
    def delete(self, path: str) -> None:
        """Delete the document at `path`; it may be gone already."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self._container.delete_blob(path)
        except ResourceNotFoundError:
            return

    @blobs.answering(*STATE)
    def delete_unchanged(self, path: str, etag: str) -> bool:
        """Delete the document at `path` if it still has `etag`. Returns whether it is gone."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        try:
            self._container.delete_blob(path, etag=etag, match_condition=MatchConditions.IfNotModified)
        except ResourceModifiedError:
            return False
        except ResourceNotFoundError:
            return True
        return True

    def paths(self, prefix: str) -> Iterator[str]:
        """Yield the paths that start with `prefix`, in order: one request for each 5,000, as in all lists."""
        from azure.core.exceptions import ResourceNotFoundError

        with blobs.answering(*STATE):
            try:
                yield from self._container.list_blob_names(name_starts_with=prefix)
            except ResourceNotFoundError:
                return

    def listed(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield the paths that start with `prefix`, each with its ETag.

        A list has ETags without the quotes that they have in headers ("List Blobs", sample response).
        """
        yield from ((blob.name, f'"{blob.etag.strip(chr(34))}"') for blob in self._blobs(prefix))

    def older(self, prefix: str, before: datetime) -> Iterator[str]:
        """Yield the paths that start with `prefix` and were last written before then."""
        yield from (blob.name for blob in self._blobs(prefix) if blob.last_modified < before)

    def labelled(self, prefix: str, label: str) -> Iterator[str]:
        """Yield the paths that start with `prefix` and have the label."""
        yield from (path for path, value in self.told(prefix, label) if value is not None)

    def told(self, prefix: str, label: str) -> Iterator[tuple[str, str | None]]:
        """Yield the paths that start with `prefix`, each with its label's value or None."""
        yield from ((blob.name, (blob.metadata or {}).get(label)) for blob in self._blobs(prefix, include=["metadata"]))

    def _blobs(self, prefix: str, include: list[str] | None = None) -> Iterator[BlobProperties]:
        """Yield the blobs whose paths start with `prefix`, in order; none if there is no container yet."""
        from azure.core.exceptions import ResourceNotFoundError

        with blobs.answering(*STATE):
            try:
                yield from self._container.list_blobs(name_starts_with=prefix, include=include)
            except ResourceNotFoundError:
                return


@functools.cache
def documents() -> Documents:
    """Return the documents of Kiln's state: the container `kiln` of the configured account."""
    return Documents(blobs.state_account(config().state_endpoint).get_container_client(CONTAINER))
