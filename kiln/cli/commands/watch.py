"""Follow a submission or a run to its end on the screen, for `kiln build`, `kiln retry` and `kiln cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cli.faults import ExitCode, Failure
from kiln.cli.follow import Seen, follow
from kiln.cli.screens.console import stdout
from kiln.cli.screens.progress import progress
from kiln.cli.screens.result import result_screen
from kiln.cli.screens.submission import submission
from kiln.cli.views import ProvisioningErrorView
from kiln.errors import ErrorDetail

if TYPE_CHECKING:
    from kiln.cli.api import Api
    from kiln.cli.session import Session
    from kiln.cli.views import RunView, TemplateView

EXIT_CODES = {
    "Succeeded": ExitCode.SUCCESS,
    "PartiallySucceeded": ExitCode.PARTIAL,
    "Failed": ExitCode.FAILED,
    "Canceled": ExitCode.CANCELED,
}


def take_in(api: Api, name: str, accepted: TemplateView, session: Session) -> None:
    """Show the submission of a template that the API `accepted` until it is over. Raises `Failure` if it failed."""
    environment, found = session.environment, accepted
    first = [accepted]
    with submission(name, environment.now) as show:
        for event in follow(lambda: first.pop() if first else api.template_view(name), environment.sleep):
            show(event)
            if isinstance(event, Seen):
                found = event.found
    if found.provisioning_state == "Failed":
        error = found.provisioning_error or ProvisioningErrorView()
        raise Failure(
            f"{name} cannot be built.",
            detail=ErrorDetail(code=error.provisioning_error_code, message=error.message),
            hint="Nothing was built. Fix the template, or what it names, and build it again.",
        )


def watch(api: Api, name: str, run_id: str, session: Session) -> ExitCode:
    """Show the run until it is over, then its result; return the exit code for its state."""
    run: RunView | None = None
    environment = session.environment
    with progress(name, environment.now) as display:
        for event in follow(lambda: api.run(name, run_id), environment.sleep):
            display.show(event)
            if isinstance(event, Seen):
                run = event.found
    if run is None:
        raise Failure(f"Run {run_id} of {name} was not found.")
    console = stdout()
    console.print()
    console.print(result_screen(name, run, environment.now(), session.settings.options))
    return EXIT_CODES.get(run.run_state, ExitCode.FAILED)
