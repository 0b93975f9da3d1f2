"""Follow one run to its end on the screen; `kiln build` and `kiln cancel` both do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cli.faults import ExitCode, Failure
from kiln.cli.follow import Seen, follow
from kiln.cli.screens.console import stdout
from kiln.cli.screens.progress import progress
from kiln.cli.screens.result import result_screen

if TYPE_CHECKING:
    from kiln.cli.api import Api
    from kiln.cli.session import Session
    from kiln.cli.views import RunView

EXIT_CODES = {
    "Succeeded": ExitCode.SUCCESS,
    "PartiallySucceeded": ExitCode.PARTIAL,
    "Failed": ExitCode.FAILED,
    "Canceled": ExitCode.CANCELED,
}


def watch(api: Api, name: str, run_id: str, session: Session) -> ExitCode:
    """Show the run until it is over, then its result; return the exit code that its state means."""
    run: RunView | None = None
    outside = session.outside
    with progress(name, outside.now) as display:
        for event in follow(lambda: api.run(name, run_id), outside.sleep):
            display.show(event)
            if isinstance(event, Seen):
                run = event.run
    if run is None:
        raise Failure(f"Run {run_id} of {name} was never seen.")
    console = stdout()
    console.print()
    console.print(result_screen(name, run, outside.now(), session.settings.options))
    return EXIT_CODES.get(run.run_state, ExitCode.FAILED)
