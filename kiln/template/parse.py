"""Parse a template's body: return an `ImageTemplate`, or raise all of its problems at once.

The rules are with the models, the words of problems in wording.py.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from kiln.errors import Problem, TemplateInvalid, TemplateRefused
from kiln.template import shape
from kiln.template.base import PARTIAL, Model, RequiredBefore, Since, Tags
from kiln.template.models import ImageTemplate
from kiln.template.texts import broken_rules, refused_at_once
from kiln.template.versions import check_api_version
from kiln.template.wording import BROKEN_TEXT, RELEASES, kind, message, path_text, reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from kiln.template.shape import Path, Place

Parsed = TypeVar("Parsed", bound=Model)
Found = tuple["Path", Problem]
MOST = 100
"""The most problems that are reported; wording them takes longer than finding them."""


def parse_template(body: Any, api_version: str | None = None) -> ImageTemplate:
    """Return the template that `body` (decoded JSON) describes.

    A body with an `api_version` is a request's: properties of newer api-versions are refused, and so are texts that
    must not go into Kiln's own requests (texts.py). Read-only members that clients echo back (`id`,
    `provisioningState`, ...) are ignored, as by ARM. Raises `TemplateInvalid` with one `Problem` for each broken rule,
    and `RequestInvalid` for an api-version that is not supported.
    """
    return parse_as(ImageTemplate, body, api_version, what="image template")


def parse_stored(body: dict[str, Any]) -> ImageTemplate | None:
    """Return a stored template, or None if it was stored by a version of Kiln with other rules."""
    try:
        return parse_template(body)
    except TemplateInvalid:
        return None


def parse_for_build(body: dict[str, Any]) -> ImageTemplate:
    """Return a stored template. Raises `TemplateRefused` if it was stored by a version of Kiln with other rules."""
    try:
        return parse_template(body)
    except TemplateInvalid as error:
        raise TemplateRefused(error.detail.details or (error.detail,)) from error


def without_read_only(body: dict[str, Any]) -> dict[str, Any]:
    """Return a template's body without the members that only the service may set, and without null members."""
    cleaned: dict[str, Any] = shape.without_read_only(ImageTemplate, body)
    return cleaned


def parse_as(model: type[Parsed], body: Any, api_version: str | None, *, what: str, partial: bool = False) -> Parsed:
    """Return the `model` that `body` describes; `what` names it in the error. Raises as `parse_template` does.

    A `partial` body is to be merged into another one: rules between its properties are only checked after that.
    """
    if api_version is not None:
        check_api_version(api_version)
    if not isinstance(body, dict):
        problem = Problem(path="$", message=f"expected a JSON object, got {kind(body)}", source=reference(""))
        raise TemplateInvalid((problem,), what=what)
    content = shape.without_read_only(model, body)
    beyond = dict(islice(_beyond_the_models(model, content, api_version), MOST))
    problems: list[Problem] = []
    parsed = None
    try:
        parsed = model.model_validate(content, by_name=False, by_alias=True, context=PARTIAL if partial else None)
    except ValidationError as error:
        items = [item for item in error.errors(include_url=False) if not _is_of_its_parts(item)]
        found = (_problem(model, item) for item in items[: MOST + 1])
        problems = [problem for path, problem in found if not any(path[: len(known)] == known for known in beyond)]
    problems += beyond.values()
    if problems or parsed is None:
        raise TemplateInvalid(_some(problems), what=what)
    return parsed


def _some(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return at most `MOST` problems, and one that says that there are more: a small body can have very many."""
    if len(problems) <= MOST:
        return tuple(problems)
    return (
        *problems[:MOST],
        Problem(path="$", message=f"there are more problems than these {MOST}", source=reference("")),
    )


def _is_of_its_parts(item: ErrorDetails) -> bool:
    """Whether an error says that a list is too short only because pydantic does not count its bad items."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def _problem(model: type[Model], item: ErrorDetails) -> Found:
    place = shape.locate(model, item["loc"])
    path, code = place.path, place.code
    context: dict[str, Any] = item.get("ctx", {})
    if item["type"].startswith("union_tag_"):
        path = (*path, place.shape.discriminator)
        tags = place.shape.mark(Tags)
        code = tags.bad if tags else code
    elif "rule" in context:
        code = item["type"] if item["type"] != "Other" else code
        path = path[:-1] if context.get("whole") else path
    return _found(replace(place, path=path), message(item, place), code=code)


def _beyond_the_models(model: type[Model], body: Any, api_version: str | None) -> Iterator[Found]:
    """Yield the problems that pydantic does not find: broken text, rules of requests, and rules of `api_version`."""
    for place, value in shape.walk(shape.root(model), body):
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            yield _found(place, f"expected {BROKEN_TEXT}")
        if api_version is None:
            continue
        for problem in refused_at_once(place, value):
            yield place.path, problem
        yield from broken_rules(place, value)
        for since in place.shape.marked(Since):
            if since.api_version is not None and since.api_version > api_version and since.applies(value):
                yield _too_new(place, since.api_version, api_version)
        if isinstance(value, dict) and place.shape.model is not None:
            yield from _required_then(place, value, api_version)


def _too_new(place: Place, since: str, api_version: str) -> Found:
    is_type = place.tags is not None and place.path[-1] == "type"
    return _found(
        place,
        f"is new in api-version {since}; the request's is {api_version}",
        source=f"{RELEASES}#version-{since}",
        code=place.tags.unsupported if place.tags and is_type else place.code,
    )


def _required_then(place: Place, value: dict[str, Any], api_version: str) -> Iterator[Found]:
    """Yield the properties that `api_version` demanded and newer ones do not."""
    for name, known in shape.properties(place.owner).items():
        due = known.shape.mark(RequiredBefore)
        if due is not None and api_version < due.api_version and name not in value:
            text = f"is required before api-version {due.api_version}; the request's is {api_version}"
            yield _found(place.below(name), text)


def _found(place: Place, text: str, *, source: str | None = None, code: str | None = None) -> Found:
    problem = Problem(
        path=path_text(place.path), message=text, source=source or reference(place.section), code=code or place.code
    )
    return place.path, problem
