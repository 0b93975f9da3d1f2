"""`kiln events tail`: print events as Kiln publishes them."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import typer

from kiln.cli.api import Api
from kiln.cli.events import EventView, follow_events
from kiln.cli.faults import ExitCode
from kiln.cli.follow import Trouble
from kiln.cli.screens.console import stderr, stdout
from kiln.cli.screens.events import event_line

if TYPE_CHECKING:
    from kiln.cli.session import Session

LATEST = "latest"


def tail(session: Session, types: tuple[str, ...], *, since_kept: bool, keep_on: bool, as_json: bool) -> ExitCode:
    """Print events whose type matches one of the patterns; with `keep_on` until Ctrl-C."""
    with Api(session) as api:
        after = None if since_kept else LATEST
        try:
            for found in follow_events(api.events, session.environment.sleep, after, keep_on=keep_on):
                if isinstance(found, Trouble):
                    stderr().print(f"{found.reason} Trying again in {found.retry_in:g} s.")
                elif any(fnmatchcase(str(found.get("type")), pattern) for pattern in types or ("*",)):
                    if as_json:
                        typer.echo(json.dumps(found))
                    else:
                        stdout().print(event_line(EventView.model_validate(found)))
        except KeyboardInterrupt:
            return ExitCode.SUCCESS
    return ExitCode.SUCCESS
