"""Read a template file and check it before anything is sent.

The rules of the language are in kiln.template.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.arm_template.deployment import is_arm_template
from kiln.arm_template.faults import ExpressionInvalid, TooMuchWork
from kiln.arm_template.parameters import declared_name, from_file, from_text
from kiln.arm_template.place import Place
from kiln.cli.bicep import compiled, is_bicep
from kiln.cli.faults import UsageFailure
from kiln.cli.json_file import read_json
from kiln.cli.placeholders import placeholder_line, placeholders
from kiln.errors import Problem, TemplateInvalid
from kiln.template.arm_template import Subject, subjects
from kiln.template.parse import parse_template
from kiln.template.wording import path_text

if TYPE_CHECKING:
    from pathlib import Path

    from kiln.cli.settings import Settings
    from kiln.template.models import ImageTemplate

NAME = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
"""An image template's name (AIB's 2025-10-01 API definition)."""


@dataclass(frozen=True)
class ArmOptions:
    """The options for an ARM template file: values of its parameters, and the resource in it that is meant."""

    values: tuple[str, ...] = ()
    """`NAME=VALUE`; these take precedence over the values in the file `parameters`."""
    parameters: Path | None = None
    resource: str | None = None
    location: str | None = None
    """The resource group's region."""


@dataclass(frozen=True)
class TemplateFile:
    """A valid template from a file: its name, the JSON that is sent, its api-version, and the parsed template.

    `notes` tells, by the path in the file, what of the file is not sent.
    """

    name: str
    body: dict[str, Any]
    api_version: str
    template: ImageTemplate
    notes: dict[str, str]


@dataclass(frozen=True)
class ReadFile:
    """A file as it was read: its text, its JSON value, and the image templates in it.

    The text is empty if the JSON was made from another language, so that its lines are none of the file's.
    """

    text: str
    body: Any
    subjects: tuple[Subject, ...]


def read_file(file: Path, settings: Settings, options: ArmOptions) -> ReadFile:
    """Return a file with its image templates; an ARM template is evaluated with the options.

    Raises `UsageFailure`, also if the options name a parameter that the file does not have.
    """
    text, body, given = _read(file)
    if isinstance(body, dict) and "deploymentparameters" in str(body.get("$schema", "")).lower():
        raise UsageFailure(f"{file} is a parameter file.", hint=f"Give it beside its template: --parameters {file}")
    if not is_arm_template(body) and (options.values or options.parameters):
        raise UsageFailure(
            f"{file} is not an ARM template, so it takes no parameters.", hint="Leave out --set and --parameters."
        )
    place = Place(settings.subscription or None, settings.resource_group or None, options.location)
    try:
        found = subjects(body, place, _given(body, given, options))
    except ExpressionInvalid as error:
        raise UsageFailure(f"{file}: {error}.") from error
    except TooMuchWork as error:
        where = f" at {path_text(error.at)}" if error.at else ""
        raise UsageFailure(
            f"{file} cannot be evaluated: {error}. It was stopped{where}.",
            hint="Look for loops within loops, and for values that are joined with themselves again and again.",
        ) from error
    if not found:
        raise _without_templates(file, body)
    return ReadFile(text, body, found)


def _without_templates(file: Path, body: Any) -> UsageFailure:
    linked = '"templateLink"' in json.dumps(body)
    return UsageFailure(
        f"{file} is an ARM template without image templates.",
        hint="Its deployments link to other files, which are not fetched: give the one with the image template."
        if linked
        else None,
    )


def read_template(file: Path, name: str | None, settings: Settings, options: ArmOptions) -> TemplateFile:
    """Return the template in `file`. Its name is `name`, else the `name` in the file, else the file's own name.

    Raises a `UsageFailure` that lists every problem with its place.
    """
    subject = _chosen(file, read_file(file, settings, options).subjects, options)
    try:
        template = parse_template(subject.body, subject.api_version)
    except TemplateInvalid as error:
        raise _refused(file, subject, error.problems) from error
    if subject.unresolved:
        raise _refused(file, subject, ())
    named = name or subject.name or _name_in(subject.body) or file.stem
    if not NAME.match(named):
        raise UsageFailure(
            f"{named!r} cannot be a template's name: expected 1 to 64 letters, digits, '.', '_' and '-'.",
            hint="Give another name with --name.",
        )
    return TemplateFile(named, subject.body, subject.api_version, template, subject.notes)


def _read(file: Path) -> tuple[str, Any, Any]:
    """Return a file's text, its JSON value, and the JSON of a parameter file if it is one that names its template."""
    if not is_bicep(file):
        return *read_json(file), None
    found = compiled(file)
    if found.template is None:
        raise UsageFailure(
            f"{file} has parameters for a template that is elsewhere.", hint=f"Give it with --parameters {file}"
        )
    return "", found.template, found.parameters


def _given(body: Any, beside: Any, options: ArmOptions) -> dict[str, Any]:
    """Return the values of parameters: the command line's win over those of `--parameters`, these over `beside`."""
    declared = body.get("parameters") if isinstance(body, dict) else None
    declared = declared if isinstance(declared, dict) else {}
    given: dict[str, Any] = {}
    for values in (beside, _parameter_file(options.parameters)):
        for name, value in (from_file(values) if values is not None else {}).items():
            given[declared_name(declared, name)] = value
    for text in options.values:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageFailure(f"--set takes NAME=VALUE, got {name!r}.")
        key, found = from_text(declared, name, value)
        given[key] = found
    return given


def _parameter_file(file: Path | None) -> Any:
    if file is None:
        return None
    return compiled(file).parameters if is_bicep(file) else read_json(file)[1]


def _chosen(file: Path, found: tuple[Subject, ...], options: ArmOptions) -> Subject:
    """Return the one image template that is meant. Raises `UsageFailure` if that is not clear."""
    wanted = options.resource
    meant = [subject for subject in found if wanted is None or (subject.name or "").lower() == wanted.lower()]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(subject.name or subject.prefix for subject in found)
    if wanted is not None and not meant:
        raise UsageFailure(f"{file} has no image template {wanted!r}; it has {names}.")
    raise UsageFailure(f"{file} has {len(found)} image templates: {names}.", hint="Choose one with --resource NAME.")


def note_lines(file: Path, notes: dict[str, str]) -> list[str]:
    """Return a line for each note on what of a file is not sent."""
    return [f"{file}: {path}: {note}" for path, note in notes.items()]


def _name_in(body: Any) -> str | None:
    name = body.get("name") if isinstance(body, dict) else None
    return name if isinstance(name, str) else None


def _refused(file: Path, subject: Subject, problems: tuple[Problem, ...]) -> UsageFailure:
    error = TemplateInvalid(subject.told(problems))
    hint = f"To see their lines in the file, and the rules: kiln validate {file}"
    left = placeholders([subject.body])
    return UsageFailure(
        f"{file}: {problem_lines(error)}", hint=f"{placeholder_line(file, left)}\n  {hint}" if left else hint
    )


def problem_lines(error: TemplateInvalid) -> str:
    """Return the headline and one line for each problem."""
    lines = [f"  {problem.path}: {problem.message}" for problem in error.problems]
    return "\n".join([error.detail.message, *lines])
