"""The syntax of a PowerShell text, by the grammar that editors use: its errors, and the commands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tree_sitter_powershell
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_PARSER = Parser(Language(tree_sitter_powershell.language()))


def wrong_places(script: str) -> list[str]:
    """Return the pieces that are no PowerShell, each with its line."""
    return [
        f"line {node.start_point.row + 1}: {_text(node)[:60]}"
        for node in _nodes(script)
        if node.is_error or node.is_missing
    ]


def commands(script: str) -> list[str]:
    """Return the names of the commands that the script calls, in order."""
    return [_text(node) for node in _nodes(script) if node.type == "command_name"]


def verbatim_strings(script: str) -> list[str]:
    """Return the single-quoted strings of the script, in order, quotes included: PowerShell reads nothing in them."""
    return [_text(node) for node in _nodes(script) if node.type == "verbatim_string_characters"]


def _nodes(script: str) -> Iterator[Node]:
    return _walk(_PARSER.parse(script.encode()).root_node)


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode()
