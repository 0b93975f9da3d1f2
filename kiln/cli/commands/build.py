"""`kiln build`: validate, submit, run, follow, and say what came out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from rich.text import Text

from kiln.cli.api import Api
from kiln.cli.commands.watch import watch
from kiln.cli.faults import ExitCode, Failure, Refused
from kiln.cli.screens.console import stderr
from kiln.cli.template_file import read_template

if TYPE_CHECKING:
    from pathlib import Path

    from kiln.cli.session import Session
    from kiln.cli.template_file import TemplateFile

LOOKS_FOR_RUN = 60
LOOK_SECONDS = 0.5
"""How often, and how far apart, the new run is looked for after the API accepted it."""


def build(session: Session, file: Path, name: str | None) -> ExitCode:
    """Build the template in `file` and return the exit code of what it came to."""
    source = read_template(file, name)
    with Api(session) as api:
        before = _start(api, source, session.settings.options)
        try:
            run_id = _new_run(api, source.name, before, session)
            return watch(api, source.name, run_id, session)
        except KeyboardInterrupt:
            _say_it_goes_on(source.name, session.settings.options)
            return ExitCode.INTERRUPTED


def _start(api: Api, source: TemplateFile, options: str) -> set[str]:
    """Submit the template and ask for a run; return the ids of the runs before it."""
    try:
        api.submit(source.name, source.body)
        before = {run.id for run in api.runs(source.name)}
        api.start_run(source.name)
    except Refused as refused:
        if refused.status == HTTPStatus.CONFLICT:
            name = f"{source.name}{options}"
            refused.hint = f"Look at its run with `kiln show {name}`, or end it with `kiln cancel {name}`."
        raise
    return before


def _new_run(api: Api, name: str, before: set[str], session: Session) -> str:
    """Return the id of the run that was just accepted. AIB's answer to `run` does not name it."""
    for _ in range(LOOKS_FOR_RUN):
        new = [run.id for run in api.runs(name) if run.id not in before]
        if new:
            return new[-1]
        session.outside.sleep(LOOK_SECONDS)
    raise Failure(f"The API accepted a run of {name}, but lists none.", hint=f"Look again with `kiln show {name}`.")


def _say_it_goes_on(name: str, options: str) -> None:
    console = stderr()
    console.print()
    console.print(Text("The build goes on without this command."))
    console.print(Text("  follow it  ").append(f"kiln logs {name} -f{options}", style="bold"))
    console.print(Text("  look at it ").append(f"kiln show {name}{options}", style="bold"))
    console.print(Text("  cancel it  ").append(f"kiln cancel {name}{options}", style="bold"))
