"""Find every problem of a template that can be told without asking Azure, whether or not its body can be parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.errors import TemplateInvalid
from kiln.template.parse import parse_template
from kiln.template.references import check_references, check_texts

if TYPE_CHECKING:
    from kiln.errors import Problem


def problems_of(body: Any, api_version: str) -> tuple[Problem, ...]:
    """Return all problems of a template's body. Raises `RequestInvalid` for an api-version that is not supported."""
    try:
        template = parse_template(body, api_version)
    except TemplateInvalid as error:
        blamed = {problem.path for problem in error.problems}
        return (*error.problems, *(one for one in check_texts(body) if one.path not in blamed))
    return check_references(template)
