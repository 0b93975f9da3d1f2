"""`kiln validate`: print every problem of a template or a trigger in a file, without sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from kiln.cli.faults import ExitCode, UsageFailure
from kiln.cli.screens.console import stdout
from kiln.cli.template_file import ArmOptions, read_file
from kiln.errors import Problem, RequestInvalid, TemplateInvalid
from kiln.template.parse import parse_template
from kiln.template.positions import place_of, positions
from kiln.template.references import check_references, check_texts
from kiln.template.triggers import parse_trigger
from kiln.template.versions import LATEST

if TYPE_CHECKING:
    from pathlib import Path

    from kiln.cli.session import Session
    from kiln.template.arm_template import Subject


def validate(session: Session, file: Path, api_version: str | None, options: ArmOptions) -> ExitCode:
    """Print the problems of the templates in `file`, or of its trigger, each with its place and its rule."""
    read = read_file(file, session.settings, options)
    found = () if is_trigger(read.body) else read.subjects
    if not found and not is_trigger(read.body):
        raise UsageFailure(f"{file} is an ARM template without image templates.")
    console, places = stdout(), positions(read.text)
    problems = [problem for subject in found for problem in _problems(subject, api_version)]
    told = list(dict.fromkeys(problems if found else _trigger_problems(read.body, api_version or LATEST)))
    count = len(told)
    for problem in told:
        line, column = place_of(places, problem.path)
        console.print(
            Text(f"{file}:{line}:{column}: ").append(problem.path, style="bold").append(f": {problem.message}")
        )
        console.print(Text(f"    {problem.code}: {problem.source}", style="dim"))
    version = api_version or ", ".join(sorted({subject.api_version for subject in found})) or LATEST
    if count:
        console.print(f"{file} has {count} problem{'s' if count > 1 else ''} at api-version {version}.")
        return ExitCode.FAILED
    console.print(f"{file} is valid at api-version {version}.")
    return ExitCode.SUCCESS


def is_trigger(body: Any) -> bool:
    """Whether a body is a trigger's and not a template's: its properties have a kind, and no source."""
    properties = body.get("properties") if isinstance(body, dict) else None
    return isinstance(properties, dict) and "kind" in properties and "source" not in properties


def _trigger_problems(body: Any, api_version: str) -> tuple[Problem, ...]:
    """Return all problems of a trigger by itself; only the API knows whether its template can have it."""
    try:
        parse_trigger(body, api_version)
    except TemplateInvalid as error:
        return error.problems
    except RequestInvalid as error:
        raise UsageFailure(str(error)) from error
    return ()


def _problems(subject: Subject, api_version: str | None) -> tuple[Problem, ...]:
    """Return all problems of one template, with paths from the beginning of the file."""
    try:
        template = parse_template(subject.body, api_version or subject.api_version)
    except TemplateInvalid as error:
        blamed = {problem.path for problem in error.problems}
        problems = (*error.problems, *(one for one in check_texts(subject.body) if one.path not in blamed))
    except RequestInvalid as error:
        raise UsageFailure(str(error)) from error
    else:
        problems = check_references(template)
    return subject.told(problems)
