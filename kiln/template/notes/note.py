"""The note on one property, and how to find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.template.base import Model


@dataclass(frozen=True)
class Note:
    """The note on a property: what Kiln does with it, and how that differs from AIB (`none` if it does not)."""

    how: str
    difference: str = "none"


Notes = dict[type["Model"], dict[str, Note]]


def note_of(notes: Mapping[type[Model], Mapping[str, Note]], model: type[Model], name: str) -> Note:
    """Return the note on a model's property, or that of its nearest base with one. Raises `KeyError`."""
    for known in model.__mro__:
        found = notes.get(known, {}).get(name)
        if found is not None:
            return found
    raise KeyError(f"there is no note on {model.__name__}.{name}: write one in kiln/template/notes/")
