"""`kiln validate`: print every problem of a template, a trigger or a PATCH in a file, without sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from kiln.arm_template.deployment import is_arm_template
from kiln.cli.faults import ExitCode, UsageFailure
from kiln.cli.json_file import read_json
from kiln.cli.placeholders import placeholder_line, placeholders
from kiln.cli.screens.console import stdout
from kiln.cli.template_file import ArmOptions, note_lines, read_file
from kiln.errors import Problem, RequestInvalid, TemplateInvalid
from kiln.template.patch import PatchBody, PropertiesPatch
from kiln.template.positions import place_of, positions
from kiln.template.problems import patch_problems_of, problems_of
from kiln.template.shape import properties as properties_of
from kiln.template.triggers import parse_trigger
from kiln.template.versions import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kiln.cli.session import Session
    from kiln.template.arm_template import Subject


def validate(
    session: Session, file: Path, api_version: str | None, options: ArmOptions, *, patch: bool = False
) -> ExitCode:
    """Print the problems of the templates in `file`, or of its trigger, each with its place and its rule.

    With `patch`, the file has the body of a PATCH. Raises `UsageFailure` if the file is nothing of all that.
    """
    if patch:
        return _validate_patch(file, api_version or LATEST, options)
    read = read_file(file, session.settings, options)
    found = () if is_trigger(read.body) else read.subjects
    problems = [problem for subject in found for problem in _problems(subject, api_version)]
    told = problems if found else _trigger_problems(read.body, api_version or LATEST)
    version = api_version or ", ".join(sorted({subject.api_version for subject in found})) or LATEST
    code = _tell(file, read.text, told, f"valid at api-version {version}", version)
    for line in note_lines(file, {path: note for subject in found for path, note in subject.notes.items()}):
        stdout().print(Text(line, style="dim"))
    if code is not ExitCode.SUCCESS and (left := placeholders(subject.body for subject in found)):
        stdout().print(Text(placeholder_line(file, left)))
    if code is not ExitCode.SUCCESS and is_patch(read.body):
        stdout().print(f"If it is the body of a PATCH: kiln validate --patch {file}")
    return code


def _validate_patch(file: Path, api_version: str, options: ArmOptions) -> ExitCode:
    text, body = read_json(file)
    if is_arm_template(body) or options != ArmOptions():
        raise UsageFailure(
            f"--patch checks the body of a PATCH, which has no parameters; {file} was to be read as an ARM template.",
            hint="Leave out --patch, or leave out --set, --parameters and --location and name a file with such a body.",
        )
    valid = f"a valid PATCH at api-version {api_version}. What depends on its template is checked when it is sent"
    return _tell(file, text, _patch_problems(body, api_version), valid, api_version)


def _tell(file: Path, text: str, problems: Iterable[Problem], valid: str, version: str) -> ExitCode:
    """Print each of the problems once, with its line and column, and how many there are; or that there is none."""
    console, told = stdout(), list(dict.fromkeys(problems))
    places = positions(text, {problem.path for problem in told}) if told else {}
    for problem in told:
        line, column = place_of(places, problem.path)
        where = f"{file}:{line}:{column}: " if text else f"{file}, compiled: "
        console.print(Text(where).append(problem.path, style="bold").append(f": {problem.message}"))
        rule = f": {problem.source}" if problem.source else ""
        console.print(Text(f"    {problem.code}{rule}", style="dim"))
    count = len(told)
    if count:
        console.print(f"{file} has {count} problem{'s' if count > 1 else ''} at api-version {version}.")
        return ExitCode.FAILED
    console.print(f"{file} is {valid}.")
    return ExitCode.SUCCESS


def is_trigger(body: Any) -> bool:
    """Whether a body is a trigger's and not a template's: its properties have a kind, and no source."""
    properties = body.get("properties") if isinstance(body, dict) else None
    return isinstance(properties, dict) and "kind" in properties and "source" not in properties


def is_patch(body: Any) -> bool:
    """Whether a body can be a PATCH's rather than a whole template: it has nothing but what a PATCH may change."""
    properties = body.get("properties", {}) if isinstance(body, dict) else None
    return (
        isinstance(properties, dict)
        and bool(body)
        and (
            body.keys() <= properties_of(PatchBody).keys()
            and properties.keys() <= properties_of(PropertiesPatch).keys()
        )
    )


def _patch_problems(body: Any, api_version: str) -> tuple[Problem, ...]:
    """Return all problems of a PATCH by itself; only with its template can the rest be checked."""
    try:
        return patch_problems_of(body, api_version)
    except RequestInvalid as error:
        raise UsageFailure(str(error)) from error


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
        return subject.told(problems_of(subject.body, api_version or subject.api_version))
    except RequestInvalid as error:
        raise UsageFailure(str(error)) from error
