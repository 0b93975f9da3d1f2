"""Plain words: each docstring begins with the thing that it is about, and faults are fixed, not mended."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.unit.project.files import read, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("activities", "benchmarks", "devkit", "kiln", "orchestrators", "tests", "triggers")
"""Folders whose words are held to these rules."""

QUESTION = re.compile(r"(What|Which|Who)\b")
ARCHAIC = re.compile(r"\bmend(s|ed|ing)?\b", re.IGNORECASE)


def texts(suffix: str) -> dict[str, str]:
    """Return the files of the folders by path, but for this one, which has to name the words."""
    inside = tuple(f"{folder}/" for folder in FOLDERS)
    paths = [path for path in tracked() if path.startswith(inside) and path.endswith(suffix)]
    return {path: read(path) for path in paths if path != "tests/unit/project/test_words.py"}


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module and all in it, those below constants and fields too, each with its line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text.strip()


def questions(source: str) -> list[int]:
    """Return the lines of docstrings that begin with a question's word."""
    return [line for line, text in docstrings(source) if QUESTION.match(text)]


def test_no_docstring_begins_like_a_question() -> None:
    found = [f"{path}:{line}" for path, source in texts(".py").items() for line in questions(source)]
    assert found == [], "say what it does or is, with the noun that a reader would search for"


def test_faults_are_fixed_not_mended() -> None:
    found = [
        f"{path}:{number}"
        for suffix in (".py", ".md", ".txt")
        for path, text in texts(suffix).items()
        for number, line in enumerate(text.splitlines(), 1)
        if ARCHAIC.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is."""',
        'def f():\n    """Which it is."""',
        'class C:\n    """Who it is."""',
        'class C:\n    x = 1\n    """What x is."""',
        'X = 1\n"""\nWhat X is.\n"""',
    ],
)
def test_a_question_is_found_wherever_a_docstring_may_be(source: str) -> None:
    assert len(questions(source)) == 1


@pytest.mark.parametrize("source", ['"""Whatever it is."""', '"""Whose it is."""', 'X = "What it is"'])
def test_other_texts_are_none(source: str) -> None:
    assert questions(source) == []
