"""Find the image templates in a file: it is a body alone, an ARM resource, or an ARM template with resources.

The language of ARM templates is in kiln.arm_template.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kiln.arm_template.deployment import Resource, Unresolved, is_arm_template, resources
from kiln.arm_template.faults import KnownAtDeployment, ParameterMissing, PlaceUnknown
from kiln.errors import Problem
from kiln.ids import PROVIDER
from kiln.template.envelope import notes
from kiln.template.spelling import respelled
from kiln.template.versions import API_VERSIONS, LATEST, nearest_api_version
from kiln.template.wording import path_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.arm_template.place import Place

TYPE = f"{PROVIDER}/imageTemplates"
SYNTAX = "https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions"
BELOW = "is not sent with the template: store a trigger with `kiln trigger put` after it"
_MEMBERS = ("location", "tags", "identity", "properties")


@dataclass(frozen=True)
class Subject:
    """One image template in a file: its place, its body, its api-version, and its name if it has one.

    `unresolved` has, for each expression without a value, by its path in the file, the problem; that is at the
    parameter or variable which is to blame. `notes` tells, by the path in the file, what is left out of it.
    """

    prefix: str
    body: Any
    api_version: str
    name: str | None = None
    unresolved: dict[str, Problem] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def told(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Return the problems with paths in the file, each once.

        An unresolved expression is a problem, and hides others there.
        """
        whole = (problem.model_copy(update={"path": self.whole(problem.path)}) for problem in problems)
        others = (problem for problem in whole if not self._is_hidden(problem.path))
        return tuple(dict.fromkeys((*self.unresolved.values(), *others)))

    def _is_hidden(self, path: str) -> bool:
        return any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in self.unresolved)

    def whole(self, path: str) -> str:
        """Return the path in the file of a path in the body."""
        if not self.prefix or path == "$":
            return self.prefix or path
        return self.prefix + ("" if path.startswith("[") else ".") + path


def subjects(body: Any, place: Place, given: dict[str, Any]) -> tuple[Subject, ...]:
    """Return the image templates in a file's JSON value; an ARM template is evaluated with the given parameters.

    A value that is neither an ARM template nor a resource is the body of an image template. Raises `TooMuchWork`.
    """
    return tuple(_spelled(subject) for subject in _subjects(body, place, given))


def _subjects(body: Any, place: Place, given: dict[str, Any]) -> tuple[Subject, ...]:
    found: Iterable[Resource]
    if is_arm_template(body):
        found = resources(body, place, given)
    elif isinstance(body, dict) and str(body.get("type", "")).lower() == TYPE.lower():
        found = (resource.moved(2) for resource in resources({"resources": [body]}, place, given))
    else:
        return (Subject(prefix="", body=body, api_version=LATEST),)
    found = tuple(found)
    below = {path_text(each.path): BELOW for each in found if each.type.lower().startswith(f"{TYPE.lower()}/")}
    subjects = [_subject(resource) for resource in found if resource.type.lower() == TYPE.lower()]
    return tuple(replace(subject, notes={**subject.notes, **below}) for subject in subjects)


def _spelled(subject: Subject) -> Subject:
    """Return the template with its properties' names as the language has them, and a note on each that was not."""
    body, changed = respelled(subject.body)
    told = {
        subject.whole(path_text(path)): f"is taken for {right!r}: names are case-sensitive"
        for path, right in changed.items()
    }
    return replace(subject, body=body, notes={**subject.notes, **told})


def _subject(resource: Resource) -> Subject:
    body = {name: _without_nulls(resource.body[name]) for name in _MEMBERS if resource.body.get(name) is not None}
    unresolved = {path_text(each.path): _problem(each) for each in resource.unresolved}
    prefix = path_text(resource.path) if resource.path else ""
    version, name = resource.body.get("apiVersion"), resource.body.get("name")
    if not isinstance(version, str) or _is_below(f"{prefix}.apiVersion", unresolved):
        version = LATEST
    nearest = version if version in API_VERSIONS else nearest_api_version(version)
    ignored = {path_text((*resource.path, member)): note for member, note in notes(resource.body).items()}
    if nearest != version:
        ignored[path_text((*resource.path, "apiVersion"))] = (
            f"{version[:40]!r} is not supported; the template is taken for one of {nearest}, the nearest that is"
        )
    return Subject(
        prefix=prefix,
        body=body,
        api_version=nearest,
        name=name if isinstance(name, str) and not _is_below(f"{prefix}.name", unresolved) else None,
        unresolved=unresolved,
        notes=ignored,
    )


def _without_nulls(value: Any) -> Any:
    """Return a value without properties that are null, as Resource Manager deploys it."""
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value


def _problem(unresolved: Unresolved) -> Problem:
    """Return the problem of an expression without a value, at what is to blame for it, with what to do about it."""
    error = unresolved.error
    at = unresolved.path if error.at is None else error.at
    message = f"is an ARM expression that has no value here: {error}"
    match error:
        case ParameterMissing() if at == ("parameters", error.name):
            message = f"has neither value nor default: give it with --set {error.name}=VALUE or --parameters FILE"
        case ParameterMissing():
            message = "has neither a default nor a value that its deployment gives"
        case PlaceUnknown():
            message = f"{message}; give it with {_OPTIONS[error.part]}"
        case KnownAtDeployment():
            message = f"{message}; write the value there, or a parameter, and give that with --set NAME=VALUE"
        case _ if error.at is not None and "parameters" in error.at:
            message = str(error)
    return Problem(path=path_text(at), message=message, source=SYNTAX)


_OPTIONS = {
    "location": "--location REGION",
    "resource group": "--resource-group NAME",
    "subscription": "--subscription ID",
}
"""The options that say the parts of the place."""


def _is_below(path: str, unresolved: dict[str, Problem]) -> bool:
    return path.lstrip(".") in unresolved
