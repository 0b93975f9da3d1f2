"""Reach: which resources templates may name, since Kiln goes there with its own identity and not with their author's.

It owns the setting KILN_REACH and who is let through; marketplace images and what Kiln makes itself need none. What a
text must look like to be an id or a URL at all belongs to kiln.template.
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
"""Characters of a resource's id that a message repeats."""


class Rule(BaseModel):
    """One entry of the setting: templates in a scope, and the resources that they may name.

    A resource is an ARM id (`/` for all) or the URL of a storage account, a container or a folder, each with all that
    is below it.
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
                raise ValueError(f"{text!r} is neither /, nor an ARM id, nor the plain URL of blob storage")
        return resources


def _is_reachable(segments: Segments | None) -> bool:
    """Whether an ARM id is all of Azure, a subscription or something in one."""
    return segments is not None and (not segments or (segments[0] == "subscriptions" and len(segments) > 1))


@dataclass(frozen=True)
class Reach:
    """Who may name what. `closed` says why nobody may name anything; `never` is what nobody may, whatever the rules.

    `flaw` is what is wrong with the setting, for its operator: it may repeat what other templates may name.
    """

    rules: tuple[Rule, ...] = ()
    closed: str = ""
    flaw: str = ""
    never: tuple[str, ...] = ()

    @staticmethod
    def read(text: str | None, never: tuple[str, ...] = ()) -> Reach:
        """Return the reach that the setting's text describes: one that is unset or not valid reaches nothing.

        `never` are URLs of storage that is Kiln's own.
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
        """Whether the template may have Kiln write at a URL."""
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
    """A resource that a template names, and where."""

    place: Place
    resource: str
    code: str


def named(body: Any) -> Iterator[Named]:
    """Yield every resource of others that a template's body names: each text that the models mark as an id or a target.

    A text that is no id or URL at all names nothing; kiln.template.references refuses it before anything is looked up.
    """
    for place, value in walk(root(ImageTemplate), body):
        if not isinstance(value, str) or not value:
            continue
        for mark in place.shape.marks:
            if isinstance(mark, ArmId | Url) and _is_outside(mark) and mark.matches(value):
                yield Named(place, value, mark.code)


def _is_outside(mark: ArmId | Url) -> bool:
    """Whether Kiln acts there with its own identity: it reads artifacts as anybody, or as the template's identity."""
    return isinstance(mark, ArmId) or mark.written


def outside(body: Any, template: TemplateId, reach: Reach) -> tuple[Problem, ...]:
    """Return a problem for each resource that the template's body names and may not."""
    return tuple(
        Problem(
            path=path_text(item.place.path),
            message=f"{_shown(item)} is outside of what {SETTING} lets templates here use",
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
    """Return the resource for a person. A URL that is not plain may hold a signature, and is not repeated."""
    plain: Segments | None = arm_segments(item.resource) or url_segments(item.resource)
    return item.resource[:LONGEST] if plain else "a URL that is not plain (with a user, a query or an encoded slash)"
