"""The body of a template's trigger, and the check whether a template can have it.

It owns AIB's rules for triggers (Microsoft's image-builder-triggers-how-to), which apply to Kiln's own kinds as far as
possible; it does not know what fires a trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, assert_never

from pydantic import Field

from kiln.errors import Problem, TemplateInvalid
from kiln.template.base import Model, Since, Tags
from kiln.template.distributors import SharedImageDistributor, SourceVersioning
from kiln.template.parse import parse_as
from kiln.template.sources import PlatformImageSource, SharedImageSource
from kiln.template.trigger_kinds.event import EventTrigger
from kiln.template.trigger_kinds.schedule import ScheduleTrigger
from kiln.template.trigger_kinds.source_image import SourceImageTrigger
from kiln.template.trigger_kinds.webhook import WebhookTrigger
from kiln.template.wording import path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kiln.template.models import ImageTemplate

HOW_TO = "https://learn.microsoft.com/azure/virtual-machines/image-builder-triggers-how-to"


TriggerProperties = Annotated[
    SourceImageTrigger | ScheduleTrigger | EventTrigger | WebhookTrigger,
    Field(discriminator="kind"),
    Tags("Other", "Other"),
]


class Trigger(Model):
    """The body of PUT imageTemplates/{name}/triggers/{trigger}."""

    section = HOW_TO
    read_only = frozenset({"id", "name", "type", "systemData"})

    properties: Annotated[TriggerProperties, Since("2022-07-01")]


def parse_trigger(body: Any, api_version: str | None = None) -> Trigger:
    """Return the trigger that `body` (decoded JSON) describes.

    Raises `TemplateInvalid` with every problem in it, and `RequestInvalid` for an unsupported api-version.
    """
    return parse_as(Trigger, body, api_version, what="trigger")


def parse_stored_trigger(body: dict[str, Any]) -> Trigger | None:
    """Return a stored trigger, or None if it was stored by a version of Kiln with other rules."""
    try:
        return parse_trigger(body)
    except TemplateInvalid:
        return None


def check_trigger(template: ImageTemplate, trigger: Trigger, existing: Iterable[Trigger]) -> tuple[Problem, ...]:
    """Return the problems because of which `template` cannot have `trigger` besides its `existing` ones."""
    problems = [*_no_version(template)]
    match trigger.properties:
        case SourceImageTrigger():
            problems += [*_source(template), *_own_definition(template), *_only_one(existing)]
        case ScheduleTrigger() | EventTrigger() | WebhookTrigger():
            pass
        case never:
            assert_never(never)
    return tuple(problems)


def _source(template: ImageTemplate) -> Iterator[Problem]:
    source = template.properties.source
    match source:
        case PlatformImageSource() if source.version.lower() != "latest":
            yield _problem(("properties", "source", "version"), "expected latest, as a fixed version never changes")
        case SharedImageSource() if source.version.lower() != "latest":
            yield _problem(
                ("properties", "source", "imageVersionId"),
                "expected an id that ends in /versions/latest, as a fixed version never changes",
            )
        case PlatformImageSource() | SharedImageSource():
            return
        case _:
            yield _problem(
                ("properties", "source", "type"),
                "expected 'PlatformImage' or 'SharedImageVersion', as a managed image has no versions",
            )


def _no_version(template: ImageTemplate) -> Iterator[Problem]:
    for path, target in _gallery_targets(template):
        if target.version is not None:
            yield _problem(path, "expected an id without a version, as every build needs a new one")


def _own_definition(template: ImageTemplate) -> Iterator[Problem]:
    """Yield problems of a template whose target is the image definition that its source is a version of.

    AIB refuses all such templates. Kiln allows them, as it does not rebuild a template for its own versions, unless
    each version would have its source's number.
    """
    source = template.properties.source
    for path, target in _gallery_targets(template):
        own = isinstance(source, SharedImageSource) and source.definition_id.lower() == target.definition_id.lower()
        if own and isinstance(target.versioning, SourceVersioning):
            yield _problem(path, "expected versioning Latest: the source's own version exists already")


def _gallery_targets(template: ImageTemplate) -> Iterator[tuple[tuple[str | int, ...], SharedImageDistributor]]:
    for index, target in enumerate(template.properties.distribute):
        if isinstance(target, SharedImageDistributor):
            yield ("properties", "distribute", index, "galleryImageId"), target


def _only_one(existing: Iterable[Trigger]) -> Iterator[Problem]:
    if any(trigger.properties.kind == "SourceImage" for trigger in existing):
        yield _problem(("properties", "kind"), "expected one trigger of the kind SourceImage; the template has another")


def _problem(path: tuple[str | int, ...], message: str) -> Problem:
    return Problem(path=path_text(path), message=message, source=HOW_TO)
