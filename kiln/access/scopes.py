"""Scopes: parts of what Kiln has, from everything down to templates whose names begin alike. Pure.

It owns when a scope covers a place. Like Resource Manager it has no regard to case; it compares whole segments, so
`rg-a` never covers `rg-ab`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.ids import PROVIDER

if TYPE_CHECKING:
    from kiln.ids import TemplateId

_SCOPE = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?:/resourceGroups/(?P<group>[-\w.()]{1,90})"
    rf"(?:/providers/{re.escape(PROVIDER)}/imageTemplates/(?P<name>[A-Za-z0-9\-_.]{{0,64}})(?P<prefix>\*)?)?)?",
    re.IGNORECASE | re.ASCII,
)
EXPECTED = (
    "'/', '/subscriptions/<id>', '/subscriptions/<id>/resourceGroups/<name>', or an image template's whole id, "
    "which may end in * for all names that begin so"
)


@dataclass(frozen=True)
class Place:
    """Where something is: in a template, in a resource group, in a subscription, or (without any) in the tenant."""

    subscription: str | None = None
    group: str | None = None
    name: str | None = None

    @staticmethod
    def of(template: TemplateId) -> Place:
        """Return a template's place."""
        return Place(template.subscription, template.group, template.name)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names from the outside in, as they are compared: by the same rule as the store's own keys."""
        return tuple(part.lower() for part in (self.subscription, self.group, self.name) if part is not None)

    @property
    def arm(self) -> str:
        """The place as Resource Manager writes scopes."""
        text = f"/subscriptions/{self.subscription}" if self.subscription is not None else "/"
        if self.group is not None:
            text += f"/resourceGroups/{self.group}"
        if self.name is not None:
            text += f"/providers/{PROVIDER}/imageTemplates/{self.name}"
        return text


@dataclass(frozen=True)
class Scope:
    """What a grant is for. `parts` are lower-case names from the outside in; the last may be a template name's start."""

    parts: tuple[str, ...]
    is_prefix: bool = False

    @staticmethod
    def parse(text: str) -> Scope:
        """Return the scope that `text` is. Raises `ValueError` that says what is expected."""
        if text == "/":
            return EVERYTHING
        match = _SCOPE.fullmatch(text)
        if match is None or match["name"] == "" and match["prefix"] is None:
            raise ValueError(f"{text!r} is no scope; expected {EXPECTED}")
        parts = tuple(part.lower() for part in match.group("subscription", "group", "name") if part is not None)
        return Scope(parts, is_prefix=match["prefix"] is not None)

    def covers(self, place: Place) -> bool:
        """Whether all of `place` is in this scope."""
        parts = place.parts
        if len(parts) < len(self.parts):
            return False
        if self.is_prefix:
            *outer, start = self.parts
            return list(parts[: len(outer)]) == outer and parts[len(outer)].startswith(start)
        return parts[: len(self.parts)] == self.parts

    def meets(self, place: Place) -> bool:
        """Whether this scope and `place` have anything in common."""
        return self.covers(place) or place.parts == self.parts[: len(place.parts)]


EVERYTHING = Scope(())
