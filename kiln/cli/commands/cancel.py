"""`kiln cancel` and `kiln delete`: cancel a run, delete a template."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from kiln.cli.api import Api
from kiln.cli.commands.watch import watch
from kiln.cli.faults import ExitCode, Failure
from kiln.cli.screens.console import stdout

if TYPE_CHECKING:
    from kiln.cli.session import Session


def cancel(session: Session, name: str, *, wait: bool) -> ExitCode:
    """Cancel the template's run; with `wait`, wait for its clean-up to end."""
    with Api(session) as api:
        run = api.latest_run(name)
        if run is None or run.is_over:
            raise Failure(f"No run of {name} is under way.", hint=f"See its last run with `kiln show {name}`.")
        api.cancel(name)
        if not wait:
            stdout().print(f"Run {run.id} of {name} is being canceled.")
            return ExitCode.SUCCESS
        code = watch(api, name, run.id, session)
    return ExitCode.SUCCESS if code is ExitCode.CANCELED else ExitCode.FAILED


def delete(session: Session, name: str, *, agreed: bool) -> ExitCode:
    """Delete the template. A person at a terminal is asked first."""
    if not agreed and sys.stdin.isatty():
        question = f"Delete {name}, and its staging resource group with the logs and VHDs in it?"
        if not typer.confirm(question):
            raise Failure("Nothing was deleted.")
    with Api(session) as api:
        api.template(name)  # fails if there is no such template, for which ARM's DELETE would answer 204
        stdout().print(f"Deleting {name} and its staging resource group ...")
        api.delete(name)
    stdout().print(f"Deleted {name}.")
    return ExitCode.SUCCESS
