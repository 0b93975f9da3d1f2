"""Respell the properties of a template whose names differ from the language's in case alone, such as `vnetconfig`.

Public templates have some, and are deployed with them: Resource Manager compares names without case ("Syntax and
expressions in ARM templates"), and so do clients of .NET. Kiln's API does not, so that a body is read in one way alone;
the command, which reads files, tells each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.template.models import ImageTemplate
from kiln.template.shape import Path, Place, properties, root

if TYPE_CHECKING:
    from kiln.template.base import Model


def respelled(body: Any) -> tuple[Any, dict[Path, str]]:
    """Return a template's body with its properties' names as the language has them, and each that was changed.

    The latter has the paths of the names as they were, with the new names. A name stays as it is where the object has
    the right one, too.
    """
    changed: dict[Path, str] = {}
    return _respelled(root(ImageTemplate), body, changed), changed


def _respelled(place: Place, value: Any, changed: dict[Path, str]) -> Any:
    shape = place.shape
    if isinstance(value, dict) and shape.discriminator and shape.discriminator not in value:
        value = _renamed(value, {shape.discriminator: shape.discriminator}, place.path, changed)
    model = shape.model_of(value)
    if model is not None:
        place = place.as_model(model)
        value = _renamed(value, _names(model), place.path, changed)
        return {name: _respelled(place.below(name), item, changed) for name, item in value.items()}
    if shape.item is not None and isinstance(value, list):
        return [_respelled(place.at(at, shape.item), item, changed) for at, item in enumerate(value)]
    return value


def _names(model: type[Model]) -> dict[str, str]:
    return {name.lower(): name for name in properties(model)}


def _renamed(value: dict[str, Any], names: dict[str, str], path: Path, changed: dict[Path, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in value.items():
        right = names.get(name.lower(), name)
        if right != name and right not in value and right not in found:
            changed[*path, name] = right
            found[right] = item
        else:
            found[name] = item
    return found
