"""Views of the image graph, as the API returns it."""

from __future__ import annotations

from pydantic import Field

from kiln.cli.views import View


class Node(View):
    """A source, an image definition or a template."""

    id: str
    kind: str
    name: str
    location: str = ""
    version: str | None = None
    run_state: str | None = None


class Edge(View):
    """One node is built from another. `state` says whether a template has its source's newest version."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    version: str | None = None
    state: str | None = None
    triggers: dict[str, str] = Field(default_factory=dict)


class Graph(View):
    """All images and templates, and which is built from which."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
