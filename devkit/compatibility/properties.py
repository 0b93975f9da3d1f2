"""Tables of the language's properties: one for each object of a body, one line for each of its properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiln.template.base import RequiredBefore, Since
from kiln.template.notes.note import note_of
from kiln.template.notes.template import KILNS_OWN, READ_ONLY_SINCE
from kiln.template.schema import NOTES
from kiln.template.shape import properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.template.base import Model
    from kiln.template.shape import Shape

HEAD = ("property", "since", "required", "what Kiln does", "difference from AIB")
OWN = "Kiln"


class Line(NamedTuple):
    """One property; every cell has something in it."""

    name: str
    since: str
    required: str
    how: str
    difference: str


class Table(NamedTuple):
    """One object of a body: what it is, and its properties."""

    title: str
    what: str
    lines: tuple[Line, ...]


def tables(model: type[Model], title: str, since: str, shown: set[type[Model]]) -> Iterator[Table]:
    """Yield the table of `model` and of every object in it, outermost first, but for those that were `shown`.

    `since` is the api-version that the object came with.
    """
    if model in shown:
        return
    shown.add(model)
    known = properties(model)
    lines = [
        Line(f"`{name}`", _since(part.shape, since), _required(part.shape, demanded=part.required), *_note(model, name))
        for name, part in known.items()
    ]
    lines += [
        Line(f"`{name}`", _read_only_since(model, name, since), "no", *_note(model, name))
        for name in sorted(model.read_only)
    ]
    what = (model.__doc__ or "").split("\n")[0]
    if lines:
        yield Table(title, what, tuple(lines))
    for name, part in known.items():
        yield from _inside(part.shape, f"{title}.{name}" if title else name, _since(part.shape, since), shown)


def _inside(shape: Shape, title: str, since: str, shown: set[type[Model]]) -> Iterator[Table]:
    if shape.model is not None:
        yield from tables(shape.model, title, since, shown)
    for tag, member in shape.members.items():
        tagged = properties(member)[shape.discriminator].shape
        yield from tables(member, f"{title} ({tag})", _since(tagged, since), shown)
    if shape.item is not None:
        yield from _inside(shape.item, f"{title}[]", since, shown)
    if shape.value is not None:
        yield from _inside(shape.value, f"{title}.*", since, shown)


def _since(shape: Shape, outer: str) -> str:
    marks = [mark for mark in shape.marked(Since) if mark.value is None]
    if outer == OWN or any(mark.api_version is None for mark in marks):
        return OWN
    return max([outer, *(mark.api_version for mark in marks if mark.api_version is not None)])


def _read_only_since(model: type[Model], name: str, outer: str) -> str:
    return OWN if (model, name) in KILNS_OWN else max(outer, READ_ONLY_SINCE.get((model, name), outer))


def _required(shape: Shape, *, demanded: bool) -> str:
    if demanded:
        return "yes"
    due = shape.mark(RequiredBefore)
    return f"before {due.api_version}" if due else "no"


def _note(model: type[Model], name: str) -> tuple[str, str]:
    note = note_of(NOTES, model, name)
    return note.how, note.difference
