"""Find every problem of a template or a PATCH that can be told without asking Azure, even if it cannot be parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.errors import TemplateInvalid
from kiln.template.parse import parse_template
from kiln.template.patch import PatchBody, parse_patch
from kiln.template.references import check_references, check_targets, check_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.errors import Problem


def problems_of(body: Any, api_version: str) -> tuple[Problem, ...]:
    """Return all problems of a template's body. Raises `RequestInvalid` for an api-version that is not supported."""
    try:
        template = parse_template(body, api_version)
    except TemplateInvalid as error:
        return _with_texts(error, check_texts(body))
    return check_references(template)


def patch_problems_of(body: Any, api_version: str) -> tuple[Problem, ...]:
    """Return all problems of a PATCH by itself; only with its template can the rest be checked. Raises likewise."""
    try:
        patch = parse_patch(body, api_version)
    except TemplateInvalid as error:
        return _with_texts(error, check_texts(body, PatchBody))
    return (*check_texts(body, PatchBody), *check_targets(patch.distribute))


def _with_texts(error: TemplateInvalid, texts: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems of a body that cannot be parsed, and those of its texts at other places."""
    blamed = {problem.path for problem in error.problems}
    return (*error.problems, *(one for one in texts if one.path not in blamed))
