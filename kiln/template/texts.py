"""Check texts that have a form: ids, regions, URLs, paths and names, by the marks that the models give them.

It owns the messages; parse.py and references.py decide when which text is checked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kiln.errors import Problem
from kiln.template.base import RESOURCE_GROUP, ArmId, Form, Region, Url
from kiln.template.rules import Rule
from kiln.template.wording import path_text, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kiln.template.shape import Path, Place


def text_problems(place: Place, value: Any) -> Iterator[Problem]:
    """Yield the problems of a text, by the marks of its place."""
    yield from _problems(place, value, place.shape.marks)


def _problems(place: Place, value: Any, marks: Iterable[object]) -> Iterator[Problem]:
    if not isinstance(value, str):
        return
    for mark in marks:
        match mark:
            case ArmId() if not mark.matches(value):
                yield problem_at(place, f"expected the id of {_kinds(mark)}", mark.code)
            case Form() | Region() | Url() if (wrong := mark.wrong(value)) is not None:
                yield problem_at(place, wrong, mark.code)


def refused_at_once(place: Place, value: Any) -> Iterator[Problem]:
    """Yield the problems of a text that would go unchanged into a request of Kiln's own, or into a guest.

    Ids are not among these texts: AIB accepts a template with a bad id, and then fails it with a provisioning error.
    """
    marks = (mark for mark in place.shape.marks if isinstance(mark, Region | Url | Form))
    yield from _problems(place, value, (mark for mark in marks if not isinstance(mark, Form) or mark.at_once))


def broken_rules(place: Place, value: Any) -> Iterator[tuple[Path, Problem]]:
    """Yield the problems of an object or list by the rules in its marks, each with its place in the body."""
    for rule in place.shape.marked(Rule):
        for below, message in rule.check(value):
            path = (*place.path, *below)
            yield path, problem_at(replace(place, path=path), message)


def problem_at(place: Place, message: str, code: str = "Other") -> Problem:
    """Return a problem at a place, with the section of Microsoft's reference that has the place's rules."""
    return Problem(
        path=path_text(place.path),
        message=message,
        source=reference(place.section),
        code=code if code != "Other" else place.code,
    )


def _kinds(mark: ArmId) -> str:
    kinds = ["a resource group" if type_ == RESOURCE_GROUP else f"a {type_}" for type_ in mark.types]
    return f"{' or '.join(kinds)}, which begins with /subscriptions/"
