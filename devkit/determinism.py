"""Check that orchestrators are replay-safe: `python -m devkit.determinism orchestrators`.

It owns the rules, read from the syntax tree; it must not import what it checks. Rules follow Microsoft's "Orchestrator
function code constraints", plus two of Python's own: a suspended generator is closed at the end of each episode, so
`finally` with a `yield` and handlers that catch `BaseException` run every time.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FORBIDDEN_MODULES = {
    "asyncio": "orchestrators await nothing",
    "io": "files are an activity's business",
    "os": "the environment may differ at the next replay",
    "pathlib": "files are an activity's business",
    "random": "ask an activity, or derive from the run id",
    "secrets": "ask an activity",
    "socket": "calls are an activity's business",
    "subprocess": "processes are an activity's business",
    "tempfile": "files are an activity's business",
    "threading": "an orchestrator is one generator",
    "time": "use flow.now and flow.sleep",
    "uuid": "derive names from the run id",
    "httpx": "calls are an activity's business",
    "requests": "calls are an activity's business",
    "activities": "call activities through kiln.contracts",
    "triggers": "orchestrators do not know who starts them",
    "kiln.blobs": "the store is an activity's business",
    "kiln.cloud": "Azure is an activity's business",
    "kiln.config": "settings may differ at the next replay",
    "kiln.runs.documents": "the store is an activity's business",
    "kiln.runs.ledgers": "the store is an activity's business",
    "kiln.runs.runs": "the store is an activity's business",
    "kiln.runs.templates": "the store is an activity's business",
    "azure": "only flow.py knows durable",
}
DURABLE = "azure.durable_functions"
FLOW = "flow.py"
FORBIDDEN_CALLS = {
    "open": "files are an activity's business",
    "input": "there is nobody to ask",
    "print": "it would print again at every replay",
    "id": "it differs at the next replay",
    "hash": "it differs at the next replay",
}
FORBIDDEN_METHODS = {
    ("datetime", "now"): "use flow.now",
    ("datetime", "utcnow"): "use flow.now",
    ("datetime", "today"): "use flow.now",
    ("date", "today"): "use flow.now",
}


@dataclass(frozen=True)
class Finding:
    """One broken rule, and where."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check_file(path: Path) -> list[Finding]:
    """Return what breaks the rules in one module, in the order of its lines."""
    tree = ast.parse(path.read_text(), filename=str(path))
    found = [Finding(path, line, message) for node in ast.walk(tree) for line, message in _broken(node, path.name)]
    return sorted(found, key=lambda finding: finding.line)


def _broken(node: ast.AST, file: str) -> Iterator[tuple[int, str]]:
    yield from _forbidden_import(node, file)
    yield from _forbidden_use(node)
    yield from _forbidden_shape(node)


def _forbidden_import(node: ast.AST, file: str) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield from _import(node.lineno, alias.name, file)
        case ast.ImportFrom(module=str() as module, names=names):
            yield from _import(node.lineno, module, file)
            for alias in names:
                if f"{module}.{alias.name}" in FORBIDDEN_MODULES:
                    yield from _import(node.lineno, f"{module}.{alias.name}", file)


def _forbidden_use(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_CALLS:
            yield node.lineno, f"{name}() is not replay-safe: {FORBIDDEN_CALLS[name]}"
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if (owner, attribute) in FORBIDDEN_METHODS:
            yield node.lineno, f"{owner}.{attribute} is not replay-safe: {FORBIDDEN_METHODS[owner, attribute]}"
        case ast.Global() | ast.Nonlocal():
            yield node.lineno, "state outside of the generator is not replayed"
        case ast.For(iter=ast.Set() | ast.SetComp()):
            yield node.lineno, "the order of a set differs at the next replay; sort it"


def _forbidden_shape(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            yield node.lineno, "orchestrators are plain generators, never async"
        case ast.Try(finalbody=body) if any(_yields(statement) for statement in body):
            yield body[0].lineno, "yield in finally runs at the end of every episode"
        case ast.ExceptHandler(type=None):
            yield node.lineno, "a bare except also catches the end of every episode; catch Exception at the most"
        case ast.ExceptHandler(type=caught) if caught is not None and _catches_base(caught):
            yield node.lineno, "except BaseException also catches the end of every episode"


def _import(line: int, module: str, file: str) -> Iterator[tuple[int, str]]:
    if file == FLOW and module == DURABLE:
        return
    for forbidden, why in FORBIDDEN_MODULES.items():
        if module == forbidden or module.startswith(f"{forbidden}."):
            yield line, f"import of {module} in an orchestrator: {why}"
            return


def _yields(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node))


def _catches_base(caught: ast.expr) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in {"BaseException", "GeneratorExit"} for name in names)


def main() -> int:
    """Check every module of the folders on the command line; 1 if a rule is broken."""
    paths = [path for folder in sys.argv[1:] for path in sorted(Path(folder).rglob("*.py"))]
    if not paths:
        sys.stderr.write("usage: python -m devkit.determinism FOLDER [FOLDER ...]; no Python file found\n")
        return 2
    findings = [finding for path in paths for finding in check_file(path)]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(paths)} modules, {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
