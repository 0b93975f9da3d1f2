from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiln.template.base import Model, See, Since, Tags
from kiln.template.shape import locate, properties, root, walk, without_read_only


class Cat(Model):
    code = "BadCat"
    section = "cats"
    read_only = frozenset({"purr"})

    type: Literal["Cat"]
    lives: Annotated[int | None, Since("2022-07-01")] = None


class Dog(Model):
    type: Literal["Dog"]
    tail: str = ""


Pet = Annotated[Cat | Dog, Field(discriminator="type"), Tags("BadPet", "UnsupportedPet")]


class House(Model):
    pets: Annotated[tuple[Pet, ...], See("pets")] = ()
    best: Pet | None = None
    rooms: dict[Annotated[str, See("names")], Cat | None] = Field(default_factory=dict)


def test_a_model_is_read_into_its_properties() -> None:
    known = properties(House)
    assert list(known) == ["pets", "best", "rooms"]
    pets = known["pets"].shape.item
    assert pets is not None
    assert (pets.discriminator, tuple(pets.members)) == ("type", ("Cat", "Dog"))
    assert tuple(pets.members.values()) == (Cat, Dog)
    assert known["best"].shape.members == pets.members
    assert properties(Cat)["type"].required
    assert properties(Cat)["type"].shape.choices == ("Cat",)
    assert properties(Cat)["lives"].shape.plain is int
    assert properties(Cat)["lives"].shape.mark(Since) == Since("2022-07-01")


def test_a_body_is_walked_as_far_as_the_models_know_it() -> None:
    body = {"pets": [{"type": "Cat", "lives": 9}, {"type": "Cow"}], "rooms": {"a": {"type": "Cat"}}, "garden": []}
    found = {(place.path, repr(value)): place for place, value in walk(root(House), body)}
    assert [path for path, _ in found] == [
        (),
        ("pets",),
        ("pets", 0),
        ("pets", 0, "type"),
        ("pets", 0, "lives"),
        ("pets", 1),
        ("rooms",),
        ("rooms", "a"),
        ("rooms", "a"),
        ("rooms", "a", "type"),
    ]
    lives = found[("pets", 0, "lives"), "9"]
    assert (lives.owner, lives.code, lives.section) == (Cat, "BadCat", "cats")
    assert lives.tags == Tags("BadPet", "UnsupportedPet")
    assert found[("rooms", "a"), "'a'"].section == "names"


def test_the_tags_in_pydantics_locations_are_no_part_of_a_path() -> None:
    assert locate(House, ("pets", 0, "Cat", "lives")).path == ("pets", 0, "lives")
    assert locate(House, ("best", "Dog", "Cat")).path == ("best", "Cat")
    assert locate(House, ("rooms", "Cat", "[key]")).path == ("rooms", "Cat")
    assert locate(House, ("rooms", "Cat", "colour")).path == ("rooms", "Cat", "colour")
    assert locate(House, ("pets", 0)).section == "pets"


def test_read_only_members_and_nulls_are_left_out() -> None:
    body = {
        "pets": [
            {"type": "Cat", "purr": 1, "lives": None, "tail": None, "wings": None},
            {"type": "Dog", "purr": None, "lives": None},
            {"type": "Cow", "purr": 1, "tail": None},
        ],
        "best": None,
        "rooms": {"a": None, "b": {"type": "Cat", "purr": 2}},
        "garden": None,
    }
    assert without_read_only(House, body) == {
        "pets": [{"type": "Cat", "wings": None}, {"type": "Dog"}, {"type": "Cow", "purr": 1, "tail": None}],
        "rooms": {"a": None, "b": {"type": "Cat"}},
        "garden": None,
    }
    assert without_read_only(House, [1]) == [1]
