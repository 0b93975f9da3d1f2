"""`kiln doctor`: print the problems of Kiln and of what it depends on, and how to fix them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from kiln.cli.api import Api
from kiln.cli.faults import ExitCode
from kiln.cli.health import HealthView, wait_for_health
from kiln.cli.screens.console import stdout
from kiln.cli.screens.doctor import health_screen

if TYPE_CHECKING:
    from kiln.cli.session import Session


def doctor(session: Session, *, sweep: bool, as_json: bool) -> ExitCode:
    """Print what an examination finds, with `sweep` after a sweep. The exit code says whether there are problems."""
    with Api(session) as api:
        if sweep:
            api.sweep()
        found = wait_for_health(api.health, session.environment.sleep, after_sweep=sweep)
    health = HealthView.model_validate(found)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        stdout().print(health_screen(health))
    return ExitCode.SUCCESS if health.healthy else ExitCode.FAILED
