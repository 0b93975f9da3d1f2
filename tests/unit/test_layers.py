"""What import-linter cannot tell apart: packages that share the namespace `azure`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("azure.functions", "azure.durable_functions")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str() as module, names=aliases):
                names |= {module} | {f"{module}.{alias.name}" for alias in aliases}
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "kiln").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_imports_neither_functions_nor_durable(path: Path) -> None:
    assert not {name for name in imported(path) if name.startswith(FUNCTIONS)}


def test_only_flow_imports_durable_among_the_orchestrators() -> None:
    users = {
        path.name
        for path in (ROOT / "orchestrators").glob("*.py")
        if any(name.startswith("azure") for name in imported(path))
    }

    assert users == {"flow.py"}
