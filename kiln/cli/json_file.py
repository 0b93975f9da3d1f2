"""Read a JSON file as Azure's tools read one: with comments, strings of several lines, and Windows' encodings.

Sources: Microsoft's "Understand the structure and syntax of ARM templates", "Comments and metadata" and "Multi-line
strings", both of which Azure PowerShell takes, and `az` too. Windows PowerShell's `>` writes UTF-16 with a byte order
mark.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kiln.cli.faults import UsageFailure

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 8 * 1024 * 1024
"""The most bytes of a file. Azure takes 4 MB ("ARM template best practices"), which UTF-16 writes in twice as many."""
DEEPEST = 100
"""The most lists and objects within each other; the deepest public template has 20."""
_ENCODINGS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"?'
"""A string, or what is left of one that does not end: a pattern that could fail here would be tried again and again."""
_COMMENT = re.compile(rf"(?P<kept>{_STRING})|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMMA = re.compile(rf"(?P<kept>{_STRING})|,(?=\s*[\]}}])", re.DOTALL)
_VISIBLE = re.compile(r"[^\n]")


def read_json(file: Path) -> tuple[str, Any]:
    """Return the text of a JSON file, in which each value has its line and column, and the file's value.

    In the text comments are spaces. Raises `UsageFailure`, with line and column if it is not JSON.
    """
    return parse_json(_read(file), str(file))


def parse_json(text: str, name: str) -> tuple[str, Any]:
    """Return a text without comments, and its JSON value; `name` says in errors where the text is from."""
    text = text.replace("\r\n", "\n")
    try:
        return text, _value(text, name)
    except json.JSONDecodeError:
        text = _COMMA.sub(_blanked, _COMMENT.sub(_blanked, text))
    try:
        return text, _value(text, name)
    except json.JSONDecodeError as error:
        raise UsageFailure(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}.") from error


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise UsageFailure(f"{file} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST:
        raise UsageFailure(f"{file} is larger than {LARGEST // 1024**2} MiB, twice what Azure takes as a template.")
    encoding = next((name for mark, name in _ENCODINGS if data.startswith(mark)), "utf-8-sig")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        kind = "UTF-8" if encoding == "utf-8-sig" else "UTF-16"
        raise UsageFailure(f"{file} is not {kind} text (byte {error.start}).") from error


def _value(text: str, name: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse_constant, strict=False)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise _too_deep(name) from error
    except ValueError as error:
        raise UsageFailure(f"{name}: not readable as JSON: {error}.") from error
    level = [value]
    for _ in range(DEEPEST):
        level = [item for each in level for item in _within(each)]
        if not level:
            return value
    raise _too_deep(name)


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep(name: str) -> UsageFailure:
    return UsageFailure(f"{name} has more than {DEEPEST} lists and objects within each other.")


def _blanked(match: re.Match[str]) -> str:
    """Return a string as it is, and spaces and line ends in place of anything else."""
    return match[0] if match["kept"] else _VISIBLE.sub(" ", match[0])


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
