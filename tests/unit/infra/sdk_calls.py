"""The product's calls of Azure's management SDKs, read from its source.

A call is `client.group.method`. Clients come from kiln/cloud/clients.py; they, and their operation groups, may be given
a name on the way. A use that this cannot follow is an error, so that no call stays unseen.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENTS = ("compute", "network", "resources", "storage")
OF_A_CLIENT = {"send_request"}
"""Methods of a client itself, without an operation group."""

Groups = set[tuple[str, str]]


class Unclear(Exception):
    """A client is used in a way that cannot be followed."""


def calls(paths: Iterator[Path]) -> set[str]:
    """Return the calls in the files, such as `compute.disks.get`."""
    found: set[str] = set()
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= _Function(node, str(path)).calls()
    return found


class _Function:
    """One function, with its names for clients and for operation groups."""

    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef, where: str) -> None:
        self._where = f"{where}:{function.name}"
        self._nodes = list(ast.walk(function))
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}
        self._clients: dict[str, str] = {}
        self._groups: dict[str, Groups] = {}
        for name, value in self._assignments():
            if kind := self._client(value):
                self._clients[name] = kind
        for name, value in self._assignments():
            if groups := {
                group for node in ast.walk(value) for group in self._group(node) if not self._is_called(node)
            }:
                self._groups[name] = groups

    def calls(self) -> set[str]:
        """Return the calls. Raises `Unclear`."""
        found = set()
        for node in self._nodes:
            if isinstance(node, ast.Attribute):
                groups = self._group(node.value) or self._named_groups(node.value)
                found |= {f"{client}.{group}.{node.attr}" for client, group in groups}
                if (client := self._client(node.value)) and node.attr in OF_A_CLIENT:
                    found.add(f"{client}.{node.attr}")
            if (
                self._client(node)
                and not isinstance(self._parents.get(node), ast.Attribute)
                and not self._is_kept(node)
            ):
                raise Unclear(f"{self._where}: {ast.unparse(node)} is neither called nor given a name")
        return found

    def _assignments(self) -> Iterator[tuple[str, ast.expr]]:
        for node in self._nodes:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                yield node.target.id, node.value
            if not isinstance(node, ast.Assign):
                continue
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=True)
                    yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))

    def _client(self, node: ast.AST) -> str | None:
        """Return the client that an expression is: `clients.compute(...)`, or a name for one."""
        if isinstance(node, ast.Call):
            module, _, name = ast.unparse(node.func).partition(".")
            return name if module == "clients" and name in CLIENTS else None
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            return self._clients.get(node.id)
        return None

    def _group(self, node: ast.AST) -> Groups:
        """Return the operation group that an expression is: an attribute of a client."""
        if isinstance(node, ast.Attribute) and node.attr not in OF_A_CLIENT and (client := self._client(node.value)):
            return {(client, node.attr)}
        return set()

    def _named_groups(self, node: ast.AST) -> Groups:
        """Return the operation groups that a name stands for: one of several, if it was chosen."""
        return self._groups.get(node.id, set()) if isinstance(node, ast.Name) else set()

    def _is_called(self, node: ast.AST) -> bool:
        """Whether a method of it is named at once, so that the expression itself is not assigned."""
        return isinstance(self._parents.get(node), ast.Attribute)

    def _is_kept(self, node: ast.AST) -> bool:
        """Whether it is the value of an assignment."""
        parent = self._parents.get(node)
        if isinstance(parent, ast.Tuple):
            parent = self._parents.get(parent)
        return isinstance(parent, ast.Assign | ast.AnnAssign)
