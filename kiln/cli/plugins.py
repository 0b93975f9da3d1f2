"""Add the commands of other packages, which are entry points of the group `kiln.commands`.

It decides how they are found and what happens when one is broken; it knows none of them by name.
"""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

import typer

from kiln.cli.faults import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint, EntryPoints

GROUP = "kiln.commands"


def installed() -> EntryPoints:
    """Return the entry points of the installed packages."""
    return importlib.metadata.entry_points(group=GROUP)


def add_plugins(app: typer.Typer, entries: Iterable[EntryPoint]) -> None:
    """Add each entry's typer app under the entry's name.

    A broken one does not break the other commands: its name remains, and using it says what is wrong.
    """
    for entry in entries:
        try:
            loaded = entry.load()
        except Exception as error:  # noqa: BLE001 - whatever a foreign module raises is that module's fault
            _add_broken(app, entry, f"{type(error).__name__}: {error}")
            continue
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=entry.name)
        else:
            _add_broken(app, entry, f"it is a {type(loaded).__name__}, not a typer app")


def _add_broken(app: typer.Typer, entry: EntryPoint, reason: str) -> None:
    message = f"The commands {entry.name!r} ({entry.value}) cannot be loaded: {reason}"

    @app.command(
        name=entry.name,
        help=message,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def broken() -> None:
        typer.echo(f"Error: {message}", err=True)
        raise typer.Exit(ExitCode.FAILED)
