"""A template file into a name, a body and a template, or into everything that is wrong with it.

It owns what can be checked before anything is sent; the rules of the language are kiln.template's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.cli.faults import UsageFailure
from kiln.errors import TemplateInvalid
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from pathlib import Path

    from kiln.template.models import ImageTemplate

NAME = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
"""An image template's name (AIB's 2025-10-01 API definition)."""


@dataclass(frozen=True)
class TemplateFile:
    """A file that holds a valid template: its name, its JSON as written, and what that means."""

    name: str
    body: dict[str, Any]
    template: ImageTemplate


def read_template(file: Path, name: str | None) -> TemplateFile:
    """Return the template in `file`, named `name`, or as the file's own `name` member says, or as the file.

    Raises `UsageFailure` that lists every problem with its place.
    """
    body = read_json(file)[1]
    try:
        template = parse_template(body)
    except TemplateInvalid as error:
        raise UsageFailure(
            f"{file}: {problem_lines(error)}", hint=f"Where they stand in the file, and the rules: kiln validate {file}"
        ) from error
    named = name or (body.get("name") if isinstance(body.get("name"), str) else None) or file.stem
    if not NAME.match(named):
        raise UsageFailure(
            f"{named!r} cannot be a template's name: it takes 1 to 64 letters, digits, '.', '_' and '-'.",
            hint="Give another with --name.",
        )
    return TemplateFile(name=named, body=body, template=template)


def read_json(file: Path) -> tuple[str, Any]:
    """Return the text of a JSON file, and its value. Raises `UsageFailure`, with line and column if it is no JSON."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageFailure(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageFailure(f"{file} is not UTF-8 text (byte {error.start}).") from error
    try:
        return text, json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UsageFailure(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageFailure(f"{file}: not JSON that can be read: {error}.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def problem_lines(error: TemplateInvalid) -> str:
    """Return the headline and one line for each problem."""
    lines = [f"  {problem.path}: {problem.message}" for problem in error.problems]
    return "\n".join([error.detail.message, *lines])
