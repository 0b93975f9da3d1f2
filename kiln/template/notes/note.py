"""One property's note, and the finding of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.template.base import Model


@dataclass(frozen=True)
class Note:
    """What Kiln does with a property, and what is not as AIB has it (`none`, where all is)."""

    how: str
    difference: str = "none"


Notes = dict[type["Model"], dict[str, Note]]


def note_of(notes: Mapping[type[Model], Mapping[str, Note]], model: type[Model], name: str) -> Note:
    """Return the note on the property `name` of `model`, or of the nearest base that has one. Raises `KeyError`."""
    for known in model.__mro__:
        found = notes.get(known, {}).get(name)
        if found is not None:
            return found
    raise KeyError(f"there is no note on {model.__name__}.{name}")
