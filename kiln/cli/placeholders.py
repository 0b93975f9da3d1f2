"""Find the placeholders that are left in a template, such as `<region>` in those of Image Builder's quickstarts.

Their pages say to replace each with sed before the template is sent.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9 _-]{0,39}>")
_MOST_SHOWN = 10
_SCRIPTS = {"inline"}
"""Properties whose texts may well have such words of their own."""


def placeholders(bodies: Iterable[Any]) -> list[str]:
    """Return the placeholders in templates' bodies, each once, in their order; scripts are left out."""
    return list(dict.fromkeys(word for body in bodies for text in _texts(body) for word in _PLACEHOLDER.findall(text)))


def placeholder_line(file: Path, left: list[str]) -> str:
    """Return a sentence that names placeholders, and the command that replaces the first of them."""
    names = ", ".join(left[:_MOST_SHOWN]) + (", ..." if len(left) > _MOST_SHOWN else "")
    replace = shlex.join(["sed", "-i", f"s%{left[0]}%VALUE%g", str(file)])
    return f"Placeholders are left in it, to be replaced first: {names}. For each: {replace}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            if name not in _SCRIPTS:
                yield from _texts(item)
