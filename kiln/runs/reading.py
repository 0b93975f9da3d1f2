"""Reading many documents in parallel: an unreadable one is reported by name, and the others are read all the same.

It decides what counts as unreadable, and logs it; the caller decides what follows from an unreadable document.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from kiln.errors import DocumentUnreadable
from kiln.parallel import run_each
from kiln.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kiln.runs.documents import Documents, Stored

DocumentT = TypeVar("DocumentT", bound=BaseModel)

log = logging.getLogger("kiln.state")


@dataclass(frozen=True)
class Unreadable:
    """A document that exists and cannot be read, with a reason that quotes nothing from it.

    Without an `etag` the store did not answer, and nothing may be wrong with the document.
    """

    path: str
    reason: str
    etag: str | None = None


@dataclass(frozen=True)
class Everything(Generic[DocumentT]):
    """Documents in the order of their paths, and apart from them those that cannot be read."""

    stored: tuple[Stored[DocumentT], ...]
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def contents(self) -> list[DocumentT]:
        """The contents of the documents that can be read."""
        return [stored.content for stored in self.stored]


def read_each(store: Documents, paths: Iterable[str], kind: type[DocumentT]) -> Everything[DocumentT]:
    """Return the documents at `paths`, without those that are deleted meanwhile.

    Raises the store's own error when it answers for none of them: then the documents are not at fault.
    """
    attempts = run_each(paths, lambda path: store.get(path, kind))
    faults = [(attempt.item, attempt.fault) for attempt in attempts if attempt.fault is not None]
    of_store = [fault for _, fault in faults if not isinstance(fault, DocumentUnreadable)]
    if of_store and len(of_store) == len(attempts):
        raise of_store[0]
    unreadable = tuple(Unreadable(path, reason(fault), _etag(fault)) for path, fault in faults)
    for each in unreadable:
        tell(each)
    return Everything(tuple(attempt.result for attempt in attempts if attempt.result is not None), unreadable)


def tell(each: Unreadable | DocumentUnreadable) -> None:
    """Log that a document cannot be read; the caller goes on without it."""
    log.error("the document %s cannot be read: %s", each.path, each.reason, extra={"document": each.path})


def readable(store: Documents, prefix: str, kind: type[DocumentT]) -> Iterator[DocumentT]:
    """Yield the contents of the documents whose paths start with `prefix`, in order, as far as they can be read."""
    yield from read_each(store, store.paths(prefix), kind).contents


def read_latest(store: Documents, path: str, kind: type[DocumentT]) -> DocumentT | None:
    """Return the document at `path`, or None when there is none, or an unreadable one that will be replaced anyway."""
    return next(iter(read_each(store, [path], kind).contents), None)


def keep_latest(
    store: Documents, path: str, content: DocumentT, merge: Callable[[DocumentT], DocumentT] | None = None
) -> DocumentT:
    """Write `content` over the document at `path`, or apply `merge` to that one; an unreadable one is replaced.

    Returns the stored document.
    """
    anew = merge or (lambda _: content)
    try:
        return store.put(path, content, anew).content
    except DocumentUnreadable as error:
        tell(error)
        store.delete(path)
        return store.put(path, content, anew).content


def forget_if(store: Documents, path: str, kind: type[DocumentT], is_the_one: Callable[[DocumentT], bool]) -> None:
    """Delete the document at `path` if `is_the_one` says so, or if it cannot be read and so is of no use."""
    try:
        stored = store.get(path, kind)
    except DocumentUnreadable as error:
        tell(error)
        if error.etag is not None:
            store.delete_unchanged(path, error.etag)
        return
    if stored is not None and is_the_one(stored.content):
        store.delete_unchanged(path, stored.etag)


def _etag(fault: Exception) -> str | None:
    return fault.etag if isinstance(fault, DocumentUnreadable) else None


def reason(fault: Exception) -> str:
    """Return the reason why a document was not read, with secrets redacted."""
    if isinstance(fault, DocumentUnreadable):
        return fault.reason
    return redact(f"{type(fault).__name__}: {fault}")
