"""Stand-ins for the commands that only a checkout of Kiln's repository has: they say where to get them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kiln.cli.faults import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

FROM_THE_REPOSITORY = ("local",)


def add_checkout_commands(app: typer.Typer, present: Iterable[str]) -> None:
    """Add a stand-in for each of the repository's commands that is not `present`."""
    for name in FROM_THE_REPOSITORY:
        if name not in present:
            _add(app, name)


def _add(app: typer.Typer, name: str) -> None:
    @app.command(
        name=name,
        help="Run Kiln on this machine. This command needs a checkout of Kiln's repository, and is not available here.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        add_help_option=False,
    )
    def absent() -> None:
        here = Path(__file__).parents[1]
        typer.echo(
            f"Error: `kiln {name}` needs a checkout of Kiln's repository, and this kiln is an installed one ({here}).\n"
            f"Clone the repository, run `make setup` in it, and use its `.venv/bin/kiln {name}`.",
            err=True,
        )
        raise typer.Exit(ExitCode.USAGE)
