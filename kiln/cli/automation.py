"""The commands about what starts builds and what they announce: `kiln trigger`, `kiln events`, `kiln graph`.

It owns names, arguments and help, as main.py does for all others.
"""

from pathlib import Path
from typing import Annotated

import typer

from kiln.cli.session import Session, command

trigger_app = typer.Typer(help="See and set what starts a template's builds.", no_args_is_help=True)
events_app = typer.Typer(help="See what Kiln announces.", no_args_is_help=True)

Template = Annotated[str, typer.Argument(help="The template's name.", show_default=False)]
Name = Annotated[str, typer.Argument(help="The trigger's name.", show_default=False)]


@trigger_app.command("list")
@command
def list_triggers(session: Session, template: Template) -> int:
    """List a template's triggers: kind, status, when a schedule is next due, settings."""
    from kiln.cli.commands.trigger import list_triggers as run

    return run(session, template)


@trigger_app.command()
@command
def show(session: Session, template: Template, name: Name) -> int:
    """Print a trigger as JSON. Secrets are never in it."""
    from kiln.cli.commands.trigger import show as run

    return run(session, template, name)


@trigger_app.command()
@command
def put(
    session: Session,
    template: Template,
    name: Name,
    file: Annotated[
        Path | None,
        typer.Argument(help="The trigger, a JSON file.", show_default="one that follows the template's source"),
    ] = None,
) -> int:
    """Store a trigger, new or over the one of that name.

    The secret of a Webhook may be in the file, or in the variable KILN_TRIGGER_SECRET.
    """
    from kiln.cli.commands.trigger import put as run

    return run(session, template, name, file)


@trigger_app.command()
@command
def delete(session: Session, template: Template, name: Name) -> int:
    """Remove a trigger."""
    from kiln.cli.commands.trigger import delete as run

    return run(session, template, name)


@events_app.command()
@command
def tail(
    session: Session,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="GLOB", help="Only such types, such as 'Kiln.Image.*'.", show_default=False),
    ] = None,
    kept: Annotated[bool, typer.Option("--all", help="Begin with the oldest that is kept: a week.")] = False,  # noqa: FBT002  # typer
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = True,  # noqa: FBT002  # typer
    as_json: Annotated[bool, typer.Option("--json", help="Print whole events, one a line.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Print the subscription's events as they are published."""
    from kiln.cli.commands.events import tail as run

    return run(session, tuple(types or ()), since_kept=kept, keep_on=follow, as_json=as_json)


def graph(
    session: Session,
    whole: Annotated[bool, typer.Option("--all", help="Of the whole subscription.")] = False,  # noqa: FBT002  # typer
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # typer
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Print what is built from what, and which templates are behind their source."""
    from kiln.cli.commands.graph import Form
    from kiln.cli.commands.graph import graph as run

    return run(session, Form.JSON if as_json else Form.MERMAID if mermaid else Form.TREE, whole=whole)


def add_automation(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(trigger_app, name="trigger")
    app.add_typer(events_app, name="events")
    app.command()(command(graph))
