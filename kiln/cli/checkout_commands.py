"""The commands that Kiln's repository adds to the installed ones, and what is said where they are not installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kiln.cli.faults import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

FROM_THE_REPOSITORY = ("local",)


def add_checkout_commands(app: typer.Typer, present: Iterable[str]) -> None:
    """Add what says where to get them for the repository's commands that are not among those `present`."""
    for name in FROM_THE_REPOSITORY:
        if name not in present:
            _add(app, name)


def _add(app: typer.Typer, name: str) -> None:
    @app.command(
        name=name,
        help="Run Kiln on this machine. It comes with a checkout of Kiln's repository, and is not installed here.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
    )
    def absent() -> None:
        here = Path(__file__).parents[1]
        typer.echo(
            f"Error: `kiln {name}` comes with a checkout of Kiln's repository, and this kiln is installed ({here}).\n"
            f"Clone the repository, run `make setup` in it, and use its `.venv/bin/kiln {name}`.",
            err=True,
        )
        raise typer.Exit(ExitCode.USAGE)
