"""The commands about Kiln's own maintenance: names, arguments and help, as main.py has them for all others."""

from typing import Annotated

import typer

from kiln.cli.session import Session, command


def doctor(
    session: Session,
    sweep: Annotated[bool, typer.Option("--sweep", help="Let what is nobody's be deleted, too.")] = False,  # noqa: FBT002  # typer
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # typer
) -> int:
    """Examine Kiln in this subscription: leftovers, stuck runs, triggers, quota, permissions, settings; and what to do.

    Exit code: 0 nothing is wrong, 1 something is, 5 the API cannot be reached.
    """
    from kiln.cli.commands.doctor import doctor as run

    return run(session, sweep=sweep, as_json=as_json)


def add_maintenance(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(command(doctor))
