"""`kiln graph`: print which image is built from which, and which templates are behind their source."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from kiln.cli.api import Api
from kiln.cli.faults import ExitCode
from kiln.cli.graph import Graph
from kiln.cli.screens.console import stdout
from kiln.cli.screens.graph import graph_mermaid, graph_tree

if TYPE_CHECKING:
    from kiln.cli.session import Session


class Form(StrEnum):
    """The form in which the graph is printed."""

    TREE = "tree"
    JSON = "json"
    MERMAID = "mermaid"


def graph(session: Session, form: Form, *, whole: bool) -> ExitCode:
    """Print the graph of the resource group's templates, or of the whole subscription's."""
    with Api(session) as api:
        found = api.graph(whole=whole)
    match form:
        case Form.JSON:
            typer.echo(json.dumps(found, indent=2))
        case Form.MERMAID:
            typer.echo(graph_mermaid(Graph.model_validate(found)))
        case Form.TREE:
            known = Graph.model_validate(found)
            stdout().print(graph_tree(known) if known.nodes else "No image templates.")
    return ExitCode.SUCCESS
