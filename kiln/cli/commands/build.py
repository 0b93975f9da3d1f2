"""`kiln build`: validate, submit and run a template, and show the result; `kiln retry`: retry a run."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from rich.text import Text

from kiln.cli.api import Api
from kiln.cli.commands.watch import take_in, watch
from kiln.cli.faults import ExitCode, Failure, Refused
from kiln.cli.screens.console import stderr
from kiln.cli.template_file import note_lines, read_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kiln.cli.session import Session
    from kiln.cli.template_file import ArmOptions

LOOKS_FOR_RUN = 60
LOOK_SECONDS = 0.5
"""How often the new run is looked for after the API accepted it, and the pause between two looks, in seconds."""


def build(session: Session, file: Path, name: str | None, options: ArmOptions) -> ExitCode:
    """Build the template in `file` and return the exit code for its outcome."""
    source = read_template(file, name, session.settings, options)
    name = source.name
    for line in note_lines(file, source.notes):
        stderr().print(Text(line, style="dim"))
    with Api(session) as api:
        before = _run_ids(api, name)
        try:
            take_in(api, name, api.submit(name, source.body, source.api_version), session)
        except KeyboardInterrupt:
            stderr().print("\nThe submission continues without this command; no run was started.")
            return ExitCode.INTERRUPTED
        started = _run_ids(api, name) - before  # by the template's autoRun
        return _follow(api, name, session, before, (lambda: None) if started else (lambda: api.start_run(name)))


def retry(session: Session, name: str, run_id: str | None) -> ExitCode:
    """Retry an earlier run of the template, and return the exit code for the outcome."""
    with Api(session) as api:
        known = [run.id for run in api.runs(name)]
        if not known:
            raise Failure(f"{name} has never been run.", hint="Build it with `kiln build FILE`.")
        earlier = run_id or known[-1]
        return _follow(api, name, session, set(known), lambda: api.retry(name, earlier))


def _follow(api: Api, name: str, session: Session, before: set[str], start: Callable[[], None]) -> ExitCode:
    """Start a run and follow it to its end. `before` are the ids of the runs before it."""
    options = session.settings.options
    try:
        start()
    except Refused as refused:
        if refused.status == HTTPStatus.CONFLICT:
            refused.hint = (
                f"Look at the run with `kiln show {name}{options}`, or end it with `kiln cancel {name}{options}`."
            )
        raise
    try:
        return watch(api, name, _new_run(api, name, before, session), session)
    except KeyboardInterrupt:
        _say_it_goes_on(name, options)
        return ExitCode.INTERRUPTED


def _run_ids(api: Api, name: str) -> set[str]:
    """Return the ids of the template's runs; none if there is no template."""
    try:
        return {run.id for run in api.runs(name)}
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return set()
        raise


def _new_run(api: Api, name: str, before: set[str], session: Session) -> str:
    """Return the id of the run that was just accepted, which Image Builder's answer to `run` does not name."""
    for _ in range(LOOKS_FOR_RUN):
        new = [run.id for run in api.runs(name) if run.id not in before]
        if new:
            return new[-1]
        session.environment.sleep(LOOK_SECONDS)
    raise Failure(
        f"The API accepted a run of {name}, but does not list it.", hint=f"Look again with `kiln show {name}`."
    )


def _say_it_goes_on(name: str, options: str) -> None:
    console = stderr()
    console.print()
    console.print(Text("The build continues without this command."))
    console.print(Text("  follow it  ").append(f"kiln logs {name} -f{options}", style="bold"))
    console.print(Text("  look at it ").append(f"kiln show {name}{options}", style="bold"))
    console.print(Text("  cancel it  ").append(f"kiln cancel {name}{options}", style="bold"))
