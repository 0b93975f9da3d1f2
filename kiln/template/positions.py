"""Find the line and column of each value in a JSON text, so that a problem can name them.

The text has to be valid JSON, which is checked before.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kiln.template.wording import path_text

if TYPE_CHECKING:
    from collections.abc import Mapping

Position = tuple[int, int]
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\],:"]+')
_LAST_PART = re.compile(r"(?:\['(?:[^'\\]|\\.)*'\]|\[\d+\]|\.?[^.\[\]]+)$")


def positions(text: str) -> dict[str, Position]:
    """Return line and column, both from 1, of every value in `text`, by its path; for a property, those of its name."""
    found: dict[str, Position] = {}
    containers: list[list[str | int]] = []  # for each object or list around: its kind, and the name or index in it
    starts = [match.end() for match in re.finditer("\n", text)]
    line = 0
    name_comes = False
    for token in _TOKEN.finditer(text):
        word = token[0]
        while line < len(starts) and starts[line] <= token.start():
            line += 1
        position = (line + 1, token.start() - (starts[line - 1] if line else 0) + 1)
        if name_comes and word[0] == '"':
            containers[-1][1] = json.loads(word, strict=False)
            found[path_text(tuple(part for _, part in containers))] = position
            name_comes = False
        elif word == ",":
            kind, part = containers[-1]
            name_comes = kind == "{"
            containers[-1][1] = part if isinstance(part, str) else part + 1
        elif word in {"}", "]"}:
            containers.pop()
            name_comes = False
        else:
            found.setdefault(path_text(tuple(part for _, part in containers)), position)
            if word in {"{", "["}:
                containers.append([word, 0])
                name_comes = word == "{"
    return found


def place_of(places: Mapping[str, Position], path: str) -> Position:
    """Return the position of the value at `path`, or of the nearest value around it that has one."""
    while path and path not in places:
        path = _LAST_PART.sub("", path)
    return places.get(path or "$", (1, 1))
