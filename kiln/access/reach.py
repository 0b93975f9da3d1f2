"""Reach: the resources that templates may name. Kiln uses them with its own identity, not with the author's.

It owns the setting KILN_REACH and decides by it. Marketplace images and resources that Kiln makes need no reach. The
form of ids and URLs belongs to kiln.template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from kiln.access.scopes import Scope, arm_segments, is_within, url_segments
from kiln.errors import Problem
from kiln.template.base import ArmId, Url
from kiln.template.models import ImageTemplate
from kiln.template.shape import root, walk
from kiln.template.wording import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.access.scopes import Segments
    from kiln.ids import TemplateId
    from kiln.template.shape import Place

SETTING = "KILN_REACH"
LONGEST = 300
"""The most characters of a resource's id that a message repeats."""


class Rule(BaseModel):
    """One entry of the setting: a scope of templates, and the resources that these templates may name.

    A resource is an ARM id (`/` for all) or the URL of a storage account, a container or a folder. Each includes all
    that is below it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    templates: str
    resources: tuple[str, ...]

    @field_validator("templates")
    @classmethod
    def _is_a_scope(cls, text: str) -> str:
        Scope.parse(text)
        return text

    @field_validator("resources")
    @classmethod
    def _are_places(cls, resources: tuple[str, ...]) -> tuple[str, ...]:
        for text in resources:
            if url_segments(text) is None and not _is_reachable(arm_segments(text)):
                raise ValueError(f"{text!r} is neither / nor an ARM id nor the plain URL of blob storage")
        return resources


def _is_reachable(segments: Segments | None) -> bool:
    """Whether an ARM id is all of Azure, a subscription or something in one."""
    return segments is not None and (not segments or (segments[0] == "subscriptions" and len(segments) > 1))


@dataclass(frozen=True)
class Reach:
    """The resources that templates may name, by the setting's rules.

    `never` are URLs that no template may name, whatever the rules say. `closed` says why no template may name anything.
    `flaw` says what is wrong with the setting; it is for operators alone, as it may quote the rules of other templates.
    """

    rules: tuple[Rule, ...] = ()
    closed: str = ""
    flaw: str = ""
    never: tuple[str, ...] = ()

    @staticmethod
    def read(text: str | None, never: tuple[str, ...] = ()) -> Reach:
        """Return the reach that the setting's text describes; without a valid text no resource may be named.

        `never` are URLs of Kiln's own storage.
        """
        if not text or not text.strip():
            return Reach(closed=f"The setting {SETTING} is not set.", never=never)
        try:
            return Reach(TypeAdapter(tuple[Rule, ...]).validate_json(text), never=never)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole"
            closed = f"The setting {SETTING} is not valid at {where}."
            return Reach(closed=closed, flaw=f"{first['msg']}.", never=never)

    def has_id(self, template: TemplateId, arm_id: str) -> bool:
        """Whether the template may name the resource."""
        place = arm_segments(arm_id)
        return any(is_within(place, known) for known in map(arm_segments, self._of(template)) if known is not None)

    def has_url(self, template: TemplateId, url: str) -> bool:
        """Whether the template may name a URL for Kiln to write to."""
        place = url_segments(url)
        if any(is_within(place, own) for own in map(url_segments, self.never) if own is not None):
            return False
        return any(is_within(place, known) for known in map(url_segments, self._of(template)) if known is not None)

    def _of(self, template: TemplateId) -> Iterator[str]:
        for rule in self.rules:
            if Scope.parse(rule.templates).covers(template.arm):
                yield from rule.resources


@dataclass(frozen=True)
class Named:
    """A resource that a template names, and its place in the template."""

    place: Place
    resource: str
    code: str


def named(body: Any) -> Iterator[Named]:
    """Yield each resource that a template's body names and that needs reach, as the models mark its texts.

    A text that is not a valid id or URL names nothing; kiln.template.references refuses it before any lookup.
    """
    for place, value in walk(root(ImageTemplate), body):
        if not isinstance(value, str) or not value:
            continue
        for mark in place.shape.marks:
            if isinstance(mark, ArmId | Url) and _is_outside(mark) and mark.matches(value):
                yield Named(place, value, mark.code)


def _is_outside(mark: ArmId | Url) -> bool:
    """Whether Kiln uses its own identity there: it reads artifacts without one, or with the template's identity."""
    return isinstance(mark, ArmId) or mark.written


def outside(body: Any, template: TemplateId, reach: Reach) -> tuple[Problem, ...]:
    """Return a problem for each resource that the template's body names and may not name."""
    return tuple(
        Problem(
            path=path_text(item.place.path),
            message=f"{_shown(item)} is not among the resources that {SETTING} lets this template use",
            code=item.code if item.code != "Other" else item.place.code,
        )
        for item in named(body)
        if not _has(item, template, reach)
    )


def _has(item: Named, template: TemplateId, reach: Reach) -> bool:
    if item.resource.startswith("/"):
        return reach.has_id(template, item.resource)
    return reach.has_url(template, item.resource)


def _shown(item: Named) -> str:
    """Return the resource as a message shows it. A URL that is not plain may hold a signature, and is not shown."""
    plain: Segments | None = arm_segments(item.resource) or url_segments(item.resource)
    return item.resource[:LONGEST] if plain else "a URL that is not plain (with a user, a query or an encoded slash)"
