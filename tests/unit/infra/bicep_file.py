"""A reader of Bicep files for tests: their declarations, their references, and the properties of their resources.

It reads the syntax tree of tree-sitter's grammar for Bicep: Microsoft's compiler is not available as a package.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import tree_sitter_bicep
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

INFRA = Path(__file__).parents[3] / "infra"
LANGUAGE = Language(tree_sitter_bicep.language())


@dataclass(frozen=True)
class Parameter:
    """One `param`."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True)
class Declared:
    """One `resource` or `module`: `target` is the type with its version, or the path; `body` its object."""

    symbol: str
    target: str
    existing: bool
    body: Node

    @property
    def type(self) -> str:
        """A resource's type."""
        return self.target.partition("@")[0]

    @property
    def version(self) -> str:
        """A resource's api-version."""
        return self.target.partition("@")[2]


class BicepFile:
    """One file. `text` stands for its content, in tests of the reading itself."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.path = path
        self.source = (path.read_text() if text is None else text).encode()
        self.root = Parser(LANGUAGE).parse(self.source).root_node

    def text(self, node: Node) -> str:
        """Return the text of a node."""
        return self.source[node.start_byte : node.end_byte].decode()

    def faults(self) -> list[str]:
        """Return the errors of syntax: text that the grammar cannot read, and members that nothing separates."""
        found = [
            f"{self.path.name}:{node.start_point.row + 1}: {self.text(node)[:60]!r}"
            for node in walk(self.root)
            if node.type == "ERROR" or node.is_missing
        ]
        for node in walk(self.root):
            if node.type in {"object", "array"}:
                members = [child for child in node.named_children if child.type != "comment"]
                for left, right in itertools.pairwise(members):
                    between = self.source[left.end_byte : right.start_byte]
                    if b"," not in between and b"\n" not in between:
                        where = f"{self.path.name}:{right.start_point.row + 1}"
                        found.append(f"{where}: no comma before {self.text(right)!r}")
        return found

    @property
    def scope(self) -> str:
        """The target scope of the deployment: `resourceGroup` unless the file says otherwise."""
        for node in self.root.named_children:
            if node.type == "target_scope_assignment":
                return self.literal(node.named_children[0])
        return "resourceGroup"

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name. One without a default has only its name and its type."""
        found = {}
        description = ""
        for node in self.root.named_children:
            if node.type == "decorators":
                description = self._description(node)
            if node.type == "parameter_declaration":
                name = self.text(node.named_children[0])
                found[name] = Parameter(name, description, required=len(node.named_children) == 2)
            if node.type != "decorators":
                description = ""
        return found

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs' descriptions by name."""
        found = {}
        description = ""
        for node in self.root.named_children:
            if node.type == "output_declaration":
                found[self.text(node.named_children[0])] = description
            description = self._description(node) if node.type == "decorators" else ""
        return found

    @cached_property
    def variables(self) -> dict[str, Node]:
        """The variables' expressions by name."""
        found = (node.named_children for node in self.root.named_children if node.type == "variable_declaration")
        return {self.text(name): value for name, value in found}

    @cached_property
    def resources(self) -> list[Declared]:
        """The resources, those that exist already among them."""
        return list(self._declared("resource_declaration"))

    @cached_property
    def modules(self) -> list[Declared]:
        """The modules."""
        return list(self._declared("module_declaration"))

    def property(self, node: Node, *path: str) -> Node | None:
        """Return the value of a property in an object, or None."""
        for part in path:
            entries = (child.named_children for child in node.named_children if child.type == "object_property")
            found = next((pair[1] for pair in entries if self.key(pair[0]) == part), None)
            if found is None:
                return None
            node = found
        return node

    def keys(self, node: Node) -> list[str]:
        """Return the names of an object's properties."""
        return [self.key(child.named_children[0]) for child in node.named_children if child.type == "object_property"]

    def key(self, node: Node) -> str:
        """Return a property's name, written with or without quotes."""
        return self.literal(node) if node.type == "string" else self.text(node)

    def literal(self, node: Node) -> str:
        """Return a string as it is written, without its quotes."""
        return self.text(node)[1:-1]

    def references(self) -> set[str]:
        """Return every name of the file that an expression uses: not keys, functions or members."""
        return {self.text(node) for node in walk(self.root) if node.type == "identifier" and not _is_declaring(node)}

    def locals(self) -> set[str]:
        """Return the names that loops and lambdas give to their items."""
        found = set()
        for node in walk(self.root):
            if node.type == "lambda_expression":
                found |= {self.text(child) for child in walk(node.named_children[0]) if child.type == "identifier"}
            if node.type == "for_statement":
                found.add(self.text(node.named_children[0]))
        return found

    def functions(self) -> set[str]:
        """Return the names of the functions and decorators that are called."""
        calls = (node.named_children[0] for node in walk(self.root) if node.type == "call_expression")
        return {self.text(callee) for callee in calls if callee.type == "identifier"}

    def module_outputs(self) -> set[tuple[str, str]]:
        """Return the outputs that are taken from modules: symbol and name."""
        found = set()
        for node in walk(self.root):
            if node.type == "member_expression" and node.named_children[0].type == "member_expression":
                inner = node.named_children[0].named_children
                if self.text(inner[1]) == "outputs":
                    found.add((self.text(inner[0]), self.text(node.named_children[1])))
        return found

    def _declared(self, kind: str) -> Iterator[Declared]:
        for node in self.root.named_children:
            if node.type == kind:
                symbol, target, body = (child for child in node.named_children if child.type != "comment")
                existing = any(child.type == "existing" for child in node.children)
                yield Declared(self.text(symbol), self.literal(target), existing, _object_of(body))

    def _description(self, decorators: Node) -> str:
        for node in walk(decorators):
            if node.type == "call_expression" and self.text(node.named_children[0]) == "description":
                return self.literal(node.named_children[1].named_children[0])
        return ""


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all that is in it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def _object_of(body: Node) -> Node:
    """Return the object of a declaration, which a loop or a condition may stand around."""
    while body.type in {"for_statement", "if_statement"}:
        body = body.named_children[-1]
    return body


def _is_declaring(node: Node) -> bool:
    """Whether an identifier names something itself: a declaration, a key, a called function, an item."""
    parent = node.parent
    if parent is None:
        return True
    first = parent.named_children[0] == node
    if parent.type in {"object_property", "call_expression", "for_statement", "lambda_expression"}:
        return first
    return first and parent.type.endswith("_declaration")


def files() -> list[BicepFile]:
    """Return every Bicep file of infra/."""
    return [BicepFile(path) for path in sorted(INFRA.rglob("*.bicep"))]
