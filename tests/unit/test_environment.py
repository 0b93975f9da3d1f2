"""The environment is read in one place of the app, and in one place of the command."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {"kiln/config/reading.py", "kiln/cli/settings.py"}
NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
PLACES = ("kiln", "activities", "orchestrators", "triggers")
SOURCES = [ROOT / "function_app.py", *(path for place in PLACES for path in (ROOT / place).rglob("*.py"))]
WAYS = ["import os\nos.environ", "import os as o\no.getenv('x')", "from os import environ as x"]


def uses(tree: ast.AST) -> set[str]:
    """Return the uses of `os` that read the environment, in whatever way it is reached."""
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for alias in node.names
    }
    return NAMES & (attributes | imported)


@pytest.mark.parametrize(
    "text", ["import os\nos.environ", "import os as o\no.getenv('x')", "from os import environ as e"]
)
def test_a_look_is_seen_however_it_is_written(text: str) -> None:
    assert uses(ast.parse(text))


def test_nobody_else_looks_at_the_environment() -> None:
    looking = {path for path in SOURCES if uses(ast.parse(path.read_text(encoding="utf-8")))}

    assert {path.relative_to(ROOT).as_posix() for path in looking} == ALLOWED
