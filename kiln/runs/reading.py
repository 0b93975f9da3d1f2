"""Many documents read side by side: one that cannot be read is named, and costs the others nothing.

It owns what counts as unreadable, and says so in the log; what follows from one that is there and cannot be read is for
whoever asks.
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
    """A document that is there and cannot be read, and why: without anything that is in it.

    Without `etag` it is the store that did not answer for it, and the document may be as it should.
    """

    path: str
    reason: str
    etag: str | None = None


@dataclass(frozen=True)
class Everything(Generic[DocumentT]):
    """Documents in the order of their paths, and those among them that cannot be read."""

    stored: tuple[Stored[DocumentT], ...]
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def contents(self) -> list[DocumentT]:
        """What is in those that can be read."""
        return [stored.content for stored in self.stored]


def read_each(store: Documents, paths: Iterable[str], kind: type[DocumentT]) -> Everything[DocumentT]:
    """Return the documents at `paths`, without those that go meanwhile.

    Raises the store's own fault when it answers for none of them: then it is not a document that is wrong.
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
    """Say in the log that a document cannot be read, for whoever goes on without it."""
    log.error("the document %s cannot be read: %s", each.path, each.reason, extra={"document": each.path})


def readable(store: Documents, prefix: str, kind: type[DocumentT]) -> Iterator[DocumentT]:
    """Yield what is in the documents whose paths start with `prefix`, in order, as far as they can be read."""
    yield from read_each(store, store.paths(prefix), kind).contents


def read_latest(store: Documents, path: str, kind: type[DocumentT]) -> DocumentT | None:
    """Return a document that the next one of its kind replaces; None, too, for one that cannot be read."""
    return next(iter(read_each(store, [path], kind).contents), None)


def keep_latest(
    store: Documents, path: str, content: DocumentT, merge: Callable[[DocumentT], DocumentT] | None = None
) -> DocumentT:
    """Keep a document in the place of the one before, or `merge` it into that; one that cannot be read is replaced.

    Returns what is kept.
    """
    anew = merge or (lambda _: content)
    try:
        return store.put(path, content, anew).content
    except DocumentUnreadable as error:
        tell(error)
        store.delete(path)
        return store.put(path, content, anew).content


def forget_if(store: Documents, path: str, kind: type[DocumentT], is_the_one: Callable[[DocumentT], bool]) -> None:
    """Remove the very document that is the one; of one that cannot be read it is not known, and it is of no use."""
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
    """Return why something was not looked at, in words that may be told."""
    if isinstance(fault, DocumentUnreadable):
        return fault.reason
    return redact(f"{type(fault).__name__}: {fault}")
