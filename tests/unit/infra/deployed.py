"""The deployed files: those that `azd deploy` sends, all of the repository but for .funcignore's, and their imports."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from tests.unit.infra.bicep_file import INFRA
from tests.unit.project.files import listed, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT = INFRA.parent
ENTRY = "function_app"


def files() -> set[str]:
    """Return the paths of the files that are deployed. Git reads .funcignore, which has its syntax."""
    ignored = ("--ignored", "--exclude-from=.funcignore")
    return set(tracked()).difference(listed("--cached", *ignored), listed("--others", *ignored))


def imported() -> tuple[set[str], set[str]]:
    """Return the app's imports, from its entry on: paths of its own files, and names of others' modules."""
    own: set[str] = set()
    others: set[str] = set()
    waiting = [ENTRY]
    while waiting:
        module = waiting.pop()
        path = _path(module)
        if path is None:
            others.add(module)
        elif path.relative_to(ROOT).as_posix() not in own:
            own.add(path.relative_to(ROOT).as_posix())
            waiting += _imports(path, module)
    return own, {name for name in others if name.split(".")[0] not in sys.stdlib_module_names}


def _path(module: str) -> Path | None:
    """Return the file of a module of the repository, or None."""
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def _imports(path: Path, module: str) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it, with the packages that they are in."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = package if node.level else node.module or ""
            yield from _with_packages(base)
            for alias in node.names:
                if _path(f"{base}.{alias.name}"):
                    yield f"{base}.{alias.name}"


def _with_packages(module: str) -> Iterator[str]:
    parts = module.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
