"""Imports that import-linter does not see: single packages of Azure's, and imports for type checkers alone."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import grimp
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


def test_what_only_a_type_checker_imports_is_on_a_lower_floor_too() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (floors,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    floor_of = {name: number for number, names in enumerate(reversed(floors)) for name in names.split(" | ")}
    graph = grimp.build_graph("kiln", exclude_type_checking_imports=False, cache_dir=None)
    between = {
        (importer, needed)
        for importer in graph.modules - {"kiln"}
        for needed in graph.find_modules_directly_imported_by(importer)
        if importer.split(".")[1] != needed.split(".")[1]
    }

    assert between
    assert not {
        (importer, needed)
        for importer, needed in between
        if floor_of[importer.split(".")[1]] <= floor_of[needed.split(".")[1]]
    }
