"""Find the line and column of values in a JSON text, so that problems can name them.

The text has to be valid JSON, which is checked before.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.template.wording import path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Position = tuple[int, int]
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]|[^\s{}\[\],:"]+')
_LAST_PART = re.compile(r"(?:\['(?:[^'\\]|\\.)*'\]|\[\d+\]|\.?[^.\[\]]+)$")
_ROOT = "$"


@dataclass
class _Container:
    """An object or a list that is being read: its path if it is wanted, and what is next in it."""

    is_list: bool
    path: str | None
    index: int = 0
    child: str | None = None
    """The path of the value that comes next, if that is wanted."""


def positions(text: str, paths: Iterable[str]) -> dict[str, Position]:
    """Return line and column, both from 1, of the values at `paths` and around them; for a property, its name's.

    Only those are kept: a text of some megabytes may have millions of values, each with a long path.
    """
    wanted = {around for path in paths for around in (path, *_around(path))} | {_ROOT}
    found: dict[str, Position] = {}
    containers: list[_Container] = []
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    line, name_comes = 0, False
    for token in _TOKEN.finditer(text):
        word, at = token[0], token.start()
        while line + 1 < len(starts) and starts[line + 1] <= at:
            line += 1
        position = (line + 1, at - starts[line] + 1)
        inner = containers[-1] if containers else None
        if name_comes and inner is not None and word[0] == '"':
            name_comes = False
            inner.child = _below(inner.path, word, wanted)
            if inner.child is not None:
                found[inner.child] = position
        elif word == "," and inner is not None:
            name_comes = not inner.is_list
            inner.index += 1
        elif word in {"}", "]"}:
            containers.pop()
            name_comes = False
        else:
            path = _ROOT if inner is None else inner.child
            if inner is not None and inner.is_list:
                path = _below(inner.path, inner.index, wanted)
            if path is not None:
                found.setdefault(path, position)
            if word in {"{", "["}:
                containers.append(_Container(word == "[", path))
                name_comes = word == "{"
    return found


def place_of(places: Mapping[str, Position], path: str) -> Position:
    """Return the position of the value at `path`, or of the nearest value around it that has one."""
    return next((places[each] for each in (path, *_around(path), _ROOT) if each in places), (1, 1))


def _around(path: str) -> Iterator[str]:
    """Yield the paths of the values around the one at `path`, innermost first, without the whole."""
    while path := _LAST_PART.sub("", path):
        yield path


def _below(path: str | None, part: str | int, wanted: set[str]) -> str | None:
    """Return the path of a part of the value at `path`, if both are wanted; a name is in JSON."""
    if path is None:
        return None
    text = path_text((json.loads(part, strict=False) if isinstance(part, str) else part,))
    whole = text if path == _ROOT else path + ("" if text.startswith("[") else ".") + text
    return whole if whole in wanted else None
