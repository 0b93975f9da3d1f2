"""The graph of images as a tree for a terminal, and as Mermaid for a page.

A node that has two parents is drawn below each of them, but its own branches only once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from kiln.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.cli.graph import Edge, Graph, Node

STYLES = {"UpToDate": "green", "Behind": "yellow", "NeverBuilt": "dim"}
STATES = {"UpToDate": "up to date", "Behind": "behind", "NeverBuilt": "never built"}
SHAPES = {"ImageTemplate": ("[", "]"), "ImageDefinition": ("([", "])")}


def graph_tree(graph: Graph) -> Tree:
    """Return the trees of all images that are not built from another one, side by side."""
    root = Tree(Text("images", style="bold"))
    nodes = {node.id.lower(): node for node in graph.nodes}
    drawn: set[str] = set()
    for node in _roots(graph):
        _branch(root, node, None, graph, nodes, drawn)
    for node in graph.nodes:  # those that are only reached in cycles
        if node.id.lower() not in drawn:
            _branch(root, node, None, graph, nodes, drawn)
    return root


def graph_mermaid(graph: Graph) -> str:
    """Return the graph as a Mermaid flowchart."""
    names = {node.id.lower(): f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes:
        left, right = SHAPES.get(node.kind, ("[/", "/]"))
        text = one_line(" ".join(part for part in (node.name, node.version) if part)).replace('"', "#quot;")
        lines.append(f'  {names[node.id.lower()]}{left}"{text}"{right}')
    for edge in graph.edges:
        said = STATES.get(edge.state or "", "")
        arrow = f"-- {said} -->" if said else "-->"
        lines.append(f"  {names[edge.start.lower()]} {arrow} {names[edge.end.lower()]}")
    return "\n".join(lines)


def _roots(graph: Graph) -> Iterable[Node]:
    reached = {edge.end.lower() for edge in graph.edges}
    return [node for node in graph.nodes if node.id.lower() not in reached]


def _branch(tree: Tree, node: Node, edge: Edge | None, graph: Graph, nodes: dict[str, Node], drawn: set[str]) -> None:
    key = node.id.lower()
    following = [edge for edge in graph.edges if edge.start.lower() == key]
    again = key in drawn and bool(following)
    below = tree.add(_label(node, edge).append("  (see above)" if again else "", style="dim"))
    if key in drawn:
        return
    drawn.add(key)
    for each in following:
        _branch(below, nodes[each.end.lower()], each, graph, nodes, drawn)


def _label(node: Node, edge: Edge | None) -> Text:
    line = Text(node.name, style="bold" if node.kind == "ImageTemplate" else "")
    if node.version:
        line.append(f" {node.version}", style="default not bold")
    if node.location and node.kind == "MarketplaceImage":
        line.append(f"  in {node.location}", style="dim not bold")
    if edge is None or node.kind != "ImageTemplate":
        return line
    if edge.state:
        line.append(f"  {STATES[edge.state]}", style=f"{STYLES[edge.state]} not bold")
        line.append(f" ({edge.version})" if edge.version else "", style="dim not bold")
    for name, state in edge.triggers.items():
        line.append(f"  {name}: {state.lower()}", style=f"{'red' if state == 'Deactivated' else 'dim'} not bold")
    return line
