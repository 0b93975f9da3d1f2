"""The models as data: the shape that each place of a body has to have, with the marks that the models give it.

It reads the models' type annotations; it does not know what the marks mean.
"""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from kiln.template.base import Model, See, Since, Tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
Mark = TypeVar("Mark")


@dataclass(frozen=True)
class Shape:
    """The shape of the value at one place: an object, one of several by a discriminator, a list, a map, or plain."""

    marks: tuple[object, ...] = ()
    model: type[Model] | None = None
    discriminator: str = ""
    members: Mapping[str, type[Model]] = field(default_factory=dict)
    item: Shape | None = None
    key: Shape | None = None
    value: Shape | None = None
    choices: tuple[str, ...] = ()
    plain: Any = None

    def mark(self, kind: type[Mark]) -> Mark | None:
        """Return the first mark of a kind."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    def marked(self, kind: type[Mark]) -> tuple[Mark, ...]:
        """Return every mark of a kind."""
        return tuple(mark for mark in self.marks if isinstance(mark, kind))

    def model_of(self, value: object) -> type[Model] | None:
        """Return the model that a JSON value claims to be: the only one, or the one of its discriminator."""
        if not isinstance(value, dict):
            return None
        if self.model is not None:
            return self.model
        tag = value.get(self.discriminator)
        return self.members.get(tag) if isinstance(tag, str) else None

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """The names of all properties that an object here can have, whichever member of the union it is."""
        models = (self.model,) if self.model is not None else self.members.values()
        return frozenset(name for model in models for name in (*properties(model), *model.read_only))


@dataclass(frozen=True)
class Property:
    """One property of a model, by its name on the wire."""

    name: str
    shape: Shape
    required: bool


@dataclass(frozen=True)
class Place:
    """A place in a body: its path, its shape, the model that it is in, and where its rules are documented.

    `code` is AIB's provisioning error code for problems there, `section` has the form of `Model.section`, `tags` are
    the codes of the union that the owner is a member of.
    """

    path: Path
    shape: Shape
    owner: type[Model]
    code: str = "Other"
    section: str = ""
    tags: Tags | None = None

    def at(self, part: str | int, shape: Shape) -> Place:
        """Return the place `part` below this one."""
        see = shape.mark(See)
        is_own = any(since.api_version is None for since in shape.marked(Since))
        section = see.section if see else self.owner.own_rules if is_own else self.section
        return replace(self, path=(*self.path, part), shape=shape, section=section)

    def as_model(self, model: type[Model]) -> Place:
        """Return this place with the `model` of the object there."""
        return replace(
            self,
            shape=Shape(model=model, marks=self.shape.marks),
            owner=model,
            code=model.code if model.code != "Other" else self.code,
            section=model.section or self.section,
            tags=self.shape.mark(Tags),
        )

    def below(self, name: str) -> Place:
        """Return the place of the owner's property `name`; an unknown property has an empty shape."""
        known = properties(self.owner).get(name)
        return self.at(name, known.shape if known else Shape())


def root(model: type[Model]) -> Place:
    """Return the place of a whole body."""
    return Place((), Shape(model=model), model).as_model(model)


@functools.cache
def properties(model: type[Model]) -> Mapping[str, Property]:
    """Return the model's properties by their names on the wire, in the model's order."""
    hints = get_type_hints(model, include_extras=True)
    found = {}
    for name, info in model.model_fields.items():
        wire = info.alias or name
        found[wire] = Property(name=wire, shape=shape_of(hints[name]), required=info.is_required())
    return found


def shape_of(annotation: Any) -> Shape:
    """Return the shape that a type annotation of a model describes."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        shape = shape_of(inner)
        infos = [mark for mark in marks if isinstance(mark, FieldInfo)]
        if shape.members and infos:
            shape = _union(shape, next(str(info.discriminator) for info in infos if info.discriminator))
        return replace(shape, marks=(*shape.marks, *marks))
    if isinstance(annotation, type):
        return Shape(model=annotation) if issubclass(annotation, Model) else Shape(plain=annotation)
    return _generic(get_origin(annotation), get_args(annotation))


def _generic(origin: Any, arguments: tuple[Any, ...]) -> Shape:
    if origin is Literal:
        return Shape(choices=arguments)
    if origin is tuple:
        return Shape(item=shape_of(arguments[0]))
    if origin is dict:
        return Shape(key=shape_of(arguments[0]), value=shape_of(arguments[1]))
    if origin in {types.UnionType, Union}:
        given = [choice for choice in arguments if choice is not type(None)]
        return shape_of(given[0]) if len(given) == 1 else Shape(members={choice.__name__: choice for choice in given})
    return Shape()


def _union(shape: Shape, discriminator: str) -> Shape:
    members = {properties(model)[discriminator].shape.choices[0]: model for model in shape.members.values()}
    return replace(shape, discriminator=discriminator, members=members)


def walk(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    """Yield every place of a body from `place` on that the models know, outermost first, each with its value.

    The keys of a map are places, too, each before its value. Values that do not have the expected shape are skipped.
    """
    model, shape = place.shape.model_of(value), place.shape
    if model is not None:
        place = place.as_model(model)
    yield place, value
    if model is not None:
        for name in properties(model):
            if name in value:
                yield from walk(place.below(name), value[name])
    elif shape.item is not None and isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(place.at(index, shape.item), item)
    elif shape.key is not None and shape.value is not None and isinstance(value, dict):
        for key, item in value.items():
            yield place.at(key, shape.key), key
            yield from walk(place.at(key, shape.value), item)


def locate(model: type[Model], location: tuple[str | int, ...]) -> Place:
    """Return the place of a pydantic error by its location, which also has a part for each union's member."""
    place, was_name = root(model), False
    for part in location:
        shape = place.shape
        is_name = shape.value is not None
        if was_name and part == "[key]":  # the key itself is wrong
            continue
        if shape.members and part in shape.members:
            place = place.as_model(shape.members[str(part)])
        elif shape.model is not None and isinstance(part, str):
            place = place.below(part)
        else:
            place = place.at(part, shape.item or shape.value or Shape())
        if place.shape.model is not None and place.owner is not place.shape.model:
            place = place.as_model(place.shape.model)
        was_name = is_name
    return place


def without_read_only(model: type[Model], body: Any) -> Any:
    """Return `body` without the members that only Azure may set, and without the null properties not `nullable`.

    A null that an ARM template passes on means that nothing was given (Microsoft's page on the template function
    `null`). Terraform's azapi provider sends the nulls of its `body`, and a module's list of objects gives each object
    every attribute, so a Shell customizer has a null `destination`: a property of its union's other members is left
    out, too.
    """
    return _without(Shape(model=model), body)


def _without(shape: Shape, value: Any) -> Any:
    model = shape.model_of(value)
    if model is not None:
        known = properties(model)
        return {
            name: _without(known[name].shape, inner) if name in known else inner
            for name, inner in value.items()
            if name not in model.read_only and (inner is not None or name in model.nullable or name not in shape.names)
        }
    if shape.item is not None and isinstance(value, list):
        return [_without(shape.item, item) for item in value]
    if shape.value is not None and isinstance(value, dict):
        return {key: _without(shape.value, item) for key, item in value.items()}
    return value
