from __future__ import annotations

import pytest

from kiln.template.base import Model
from kiln.template.models import ImageTemplate
from kiln.template.notes.note import Note, Notes, note_of
from kiln.template.notes.template import KILNS_OWN, READ_ONLY_SINCE
from kiln.template.patch import PatchBody
from kiln.template.schema import NOTES, reachable
from kiln.template.shape import properties
from kiln.template.triggers import Trigger

BODIES: tuple[type[Model], ...] = (ImageTemplate, PatchBody, Trigger)
MODELS: set[type[Model]] = {model for body in BODIES for model in reachable(body)}


def names(model: type[Model]) -> set[str]:
    """Return a model's properties and read-only members."""
    return {*properties(model), *model.read_only}


@pytest.mark.parametrize("model", sorted(MODELS, key=str), ids=str)
def test_every_property_has_a_note(model: type[Model]) -> None:
    for name in names(model):
        note = note_of(NOTES, model, name)
        assert note.how
        assert note.difference


def test_no_note_is_about_what_is_not_there() -> None:
    assert NOTES.keys() <= MODELS
    assert {model: notes.keys() - names(model) for model, notes in NOTES.items()} == {model: set() for model in NOTES}
    assert all(name in model.read_only for model, name in (*READ_ONLY_SINCE, *KILNS_OWN))


def test_a_property_of_a_base_has_its_note_there() -> None:
    class Base(Model):
        name: str

    class Derived(Base):
        other: str

    notes: Notes = {Base: {"name": Note("of the base")}}
    assert note_of(notes, Derived, "name").how == "of the base"
    with pytest.raises(KeyError, match=r"Derived\.other"):
        note_of(notes, Derived, "other")
