"""The commands for what Kiln does by itself: `kiln trigger`, `kiln events`, `kiln graph`, `kiln doctor`.

It owns their names, arguments and help, as main.py does for all other commands.
"""

from pathlib import Path
from typing import Annotated

import typer

from kiln.cli.session import Session, command

trigger_app = typer.Typer(help="Manage the triggers that start a template's builds.", no_args_is_help=True)
events_app = typer.Typer(help="Show the events that Kiln publishes.", no_args_is_help=True)

Template = Annotated[str, typer.Argument(help="The template's name.", show_default=False)]
Name = Annotated[str, typer.Argument(help="The trigger's name.", show_default=False)]


@trigger_app.command("list")
@command
def list_triggers(session: Session, template: Template) -> int:
    """List a template's triggers: kind, status, next time of a schedule, settings."""
    from kiln.cli.commands.trigger import list_triggers as run

    return run(session, template)


@trigger_app.command()
@command
def show(session: Session, template: Template, name: Name) -> int:
    """Print a trigger as JSON, without its secrets."""
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
        typer.Argument(help="The trigger, a JSON file.", show_default="a trigger that follows the template's source"),
    ] = None,
) -> int:
    """Create a trigger, or replace the one with that name.

    The secret of a Webhook trigger may be in the file, or in the environment variable KILN_TRIGGER_SECRET.
    """
    from kiln.cli.commands.trigger import put as run

    return run(session, template, name, file)


@trigger_app.command()
@command
def delete(session: Session, template: Template, name: Name) -> int:
    """Delete a trigger."""
    from kiln.cli.commands.trigger import delete as run

    return run(session, template, name)


@events_app.command()
@command
def tail(
    session: Session,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type", metavar="GLOB", help="Print events of this type only, such as 'Kiln.Image.*'.", show_default=False
        ),
    ] = None,
    kept: Annotated[bool, typer.Option("--all", help="Begin with the events of the last week.")] = False,  # noqa: FBT002  # typer
    follow: Annotated[bool, typer.Option(help="Keep printing new events until Ctrl-C.")] = True,  # noqa: FBT002  # typer
    as_json: Annotated[bool, typer.Option("--json", help="Print each event whole, as JSON in one line.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Print the subscription's events as they are published."""
    from kiln.cli.commands.events import tail as run

    return run(session, tuple(types or ()), since_kept=kept, keep_on=follow, as_json=as_json)


def graph(
    session: Session,
    whole: Annotated[bool, typer.Option("--all", help="Print the graph of the whole subscription.")] = False,  # noqa: FBT002  # typer
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # typer
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Print the graph of images: which is built from which, and which templates are behind their source."""
    from kiln.cli.commands.graph import Form
    from kiln.cli.commands.graph import graph as run

    return run(session, Form.JSON if as_json else Form.MERMAID if mermaid else Form.TREE, whole=whole)


def doctor(
    session: Session,
    sweep: Annotated[bool, typer.Option("--sweep", help="First delete leftovers and end lost runs.")] = False,  # noqa: FBT002  # typer
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Check Kiln in this subscription, and print each problem with its fix.

    Runs, leftovers, triggers, quota, permissions, settings and Kiln's own documents are examined.
    Exit code: 0 no problems, 1 problems, 5 the API cannot be reached.
    """
    from kiln.cli.commands.doctor import doctor as run

    return run(session, sweep=sweep, as_json=as_json)


def add_automation(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(trigger_app, name="trigger")
    app.add_typer(events_app, name="events")
    app.command()(command(graph))
    app.command()(command(doctor))
