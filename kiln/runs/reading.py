"""Many documents read side by side: one that cannot be read is named, and costs the others nothing.

It owns what counts as unreadable, and says so in the log; what follows from one that is there and cannot be read is for
whoever asks.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from kiln.looks import look_at_each
from kiln.redact import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kiln.runs.documents import Documents, Stored

DocumentT = TypeVar("DocumentT", bound=BaseModel)

log = logging.getLogger("kiln.state")


@dataclass(frozen=True)
class Unreadable:
    """A document that is there and cannot be read, and why: without anything that is in it."""

    path: str
    reason: str


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
    looks = look_at_each(paths, lambda path: store.get(path, kind))
    faults = [(look.item, look.fault) for look in looks if look.fault is not None]
    of_store = [fault for _, fault in faults if not isinstance(fault, ValidationError)]
    if of_store and len(of_store) == len(looks):
        raise of_store[0]
    unreadable = tuple(Unreadable(path, reason(fault)) for path, fault in faults)
    for each in unreadable:
        log.error("the document %s cannot be read: %s", each.path, each.reason, extra={"document": each.path})
    return Everything(tuple(look.found for look in looks if look.found is not None), unreadable)


def readable(store: Documents, prefix: str, kind: type[DocumentT]) -> Iterator[DocumentT]:
    """Yield what is in the documents whose paths start with `prefix`, in order, as far as they can be read."""
    yield from read_each(store, store.paths(prefix), kind).contents


def read_latest(store: Documents, path: str, kind: type[DocumentT]) -> DocumentT | None:
    """Return a document that the next one of its kind replaces; None, too, for one that cannot be read."""
    return next(iter(read_each(store, [path], kind).contents), None)


def keep_latest(
    store: Documents, path: str, content: DocumentT, merge: Callable[[DocumentT], DocumentT] | None = None
) -> None:
    """Keep a document in the place of the one before, or `merge` it into that; one that cannot be read is replaced."""
    anew = merge or (lambda _: content)
    try:
        store.put(path, content, anew)
    except ValidationError:
        store.delete(path)
        store.put(path, content, anew)


def reason(fault: Exception) -> str:
    """Return why a document cannot be read; a value that is in it may be a secret, so none is told."""
    if not isinstance(fault, ValidationError):
        return redact(f"{type(fault).__name__}: {fault}")
    first = fault.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"it has another form than this version of Kiln writes: {where}: {first['msg']}"
