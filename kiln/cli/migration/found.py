"""A template of AIB's as Kiln sees it: its body without read-only members, its problems, differences and triggers.

It must not know where the template came from, nor how it is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.cli.template_file import NAME
from kiln.errors import Problem, TemplateInvalid
from kiln.ids import TemplateId
from kiln.redact import hide_in_url, redact
from kiln.template import shape
from kiln.template.differences import Difference, differences
from kiln.template.parse import parse_template, without_read_only
from kiln.template.problems import problems_of
from kiln.template.triggers import Trigger, check_trigger, parse_trigger
from kiln.template.versions import LATEST
from kiln.template.wording import kind, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kiln.template.models import ImageTemplate
    from kiln.template.shape import Path

GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]")
"""A resource group's name, which never ends in a dot, so that it can be a folder's."""


@dataclass(frozen=True)
class FoundTrigger:
    """A trigger of a template, with a body that can be sent."""

    name: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A template that was found in Azure. `fault` says why it cannot be taken at all; it then has no body.

    `secrets` are the paths of texts with something secret in them, such as the signature of a URL.
    """

    name: str
    group: str = ""
    template: TemplateId | None = None
    state: str = ""
    body: dict[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    differences: tuple[Difference, ...] = ()
    secrets: tuple[str, ...] = ()
    triggers: tuple[FoundTrigger, ...] = ()
    fault: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether Kiln can build it, with its triggers, as it is."""
        return self.fault is None and not self.problems


class NotATemplate(Exception):
    """An item of Azure's list that is no template that Kiln could take."""


def id_of(item: Any) -> TemplateId:
    """Return the id of a template in a list. Raises `NotATemplate`."""
    if not isinstance(item, dict):
        raise NotATemplate(f"expected a JSON object, got {kind(item)}")
    try:
        template = TemplateId.parse(str(item.get("id")))
    except ValueError as error:
        raise NotATemplate("its id is not an image template's") from error
    if not NAME.fullmatch(template.name):
        raise NotATemplate("its name is not an image template's")
    if not GROUP.fullmatch(template.group):
        raise NotATemplate("its group's name is not a resource group's")
    return template


def refused(item: Any, why: str) -> Found:
    """Return a template that cannot be taken, under whatever name it has."""
    name = item.get("name") if isinstance(item, dict) else None
    return Found(name=name if isinstance(name, str) else "(no name)", fault=why)


def found(item: dict[str, Any], triggers: Iterable[Any]) -> Found:
    """Return what Kiln makes of a template, and of its triggers. Raises `NotATemplate`."""
    template = id_of(item)
    body = without_read_only(item)
    inner = item.get("properties")
    state = inner.get("provisioningState") if isinstance(inner, dict) else None
    good, problems = _taken(body, triggers)
    return Found(
        name=template.name,
        group=template.group,
        template=template,
        state=state if isinstance(state, str) else "",
        body=body,
        problems=(*dict.fromkeys(problems_of(body, LATEST)), *problems),
        differences=differences(body),
        secrets=tuple(path_text(path) for path, text in _texts((), body) if _is_secret(text)),
        triggers=good,
    )


def _taken(body: Any, triggers: Iterable[Any]) -> tuple[tuple[FoundTrigger, ...], list[Problem]]:
    """Return the triggers that Kiln can take, and the problems of the others."""
    template = _parsed(body)
    good: dict[str, tuple[FoundTrigger, Trigger]] = {}
    problems: list[Problem] = []
    for index, item in enumerate(triggers):
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name):
            message = "expected a trigger with a trigger's name"
            problems.append(Problem(path=path_text(("triggers", index)), message=message, source=""))
            continue
        cleaned = shape.without_read_only(Trigger, item)
        try:
            trigger = parse_trigger(cleaned, LATEST)
        except TemplateInvalid as error:
            problems += _of_trigger(name, error.problems)
            continue
        found = check_trigger(template, trigger, [other for _, other in good.values()]) if template else ()
        problems += _of_trigger(name, found)
        if not found:
            good[name] = (FoundTrigger(name, cleaned), trigger)
    return tuple(trigger for trigger, _ in good.values()), problems


def _of_trigger(name: str, problems: Iterable[Problem]) -> list[Problem]:
    return [problem.model_copy(update={"path": f"trigger {name}: {problem.path}"}) for problem in problems]


def _parsed(body: Any) -> ImageTemplate | None:
    try:
        return parse_template(body)
    except TemplateInvalid:
        return None


def _texts(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every text in a JSON value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts((*path, name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*path, index), inner)


def _is_secret(text: str) -> bool:
    return hide_in_url(text) != text or redact(text) != text
