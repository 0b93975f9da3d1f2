"""Image templates inside an ARM template file, as far as they can be read without deploying it.

It owns what an ARM template is; expressions are resolved by a deployment alone, and are named as what they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kiln.errors import Problem
from kiln.ids import PROVIDER
from kiln.template.versions import LATEST
from kiln.template.wording import path_text

TYPE = f"{PROVIDER}/imageTemplates"
SYNTAX = "https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions"
_EXPRESSION = re.compile(r"\[(?!\[).*\]", re.DOTALL)
_MEMBERS = ("location", "tags", "identity", "properties")


@dataclass(frozen=True)
class Subject:
    """One image template in a file: its place, its body, its api-version, and the expressions in it by their paths."""

    prefix: str
    body: Any
    api_version: str
    expressions: tuple[str, ...] = ()

    def told(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Return the problems with paths from the file's beginning; an expression is one, and hides others there."""
        text = "is an ARM expression, which a deployment resolves; put in what it stands for to have it checked"
        found = [Problem(path=path, message=text, source=SYNTAX) for path in self.expressions]
        found += [problem for problem in problems if not self._is_hidden(problem.path)]
        return tuple(problem.model_copy(update={"path": self._whole(problem.path)}) for problem in found)

    def _is_hidden(self, path: str) -> bool:
        return any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in self.expressions)

    def _whole(self, path: str) -> str:
        if not self.prefix or path == "$":
            return self.prefix or path
        return self.prefix + ("" if path.startswith("[") else ".") + path


def subjects(body: Any) -> tuple[Subject, ...]:
    """Return the image templates in a file's JSON value: the value itself, unless it is an ARM template."""
    if not (isinstance(body, dict) and isinstance(body.get("resources"), list | dict)):
        return (Subject(prefix="", body=body, api_version=LATEST),)
    resources = body["resources"]
    named = resources.items() if isinstance(resources, dict) else enumerate(resources)
    return tuple(
        _subject(path_text(("resources", place)), resource)
        for place, resource in named
        if isinstance(resource, dict) and str(resource.get("type", "")).lower() == TYPE.lower()
    )


def _subject(prefix: str, resource: dict[str, Any]) -> Subject:
    body = {name: resource[name] for name in _MEMBERS if name in resource}
    version = resource.get("apiVersion")
    return Subject(
        prefix=prefix,
        body=body,
        api_version=version if isinstance(version, str) else LATEST,
        expressions=tuple(_expressions(body)),
    )


def _expressions(body: dict[str, Any]) -> list[str]:
    """Return the paths of all expressions, of names in maps as well."""
    found = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), body)]
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, str) and _EXPRESSION.fullmatch(value):
            found.append(path_text(path))
        elif isinstance(value, dict):
            found += [path_text((*path, name)) for name in value if _EXPRESSION.fullmatch(name)]
            waiting += [((*path, name), item) for name, item in value.items() if not _EXPRESSION.fullmatch(name)]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
    return found
