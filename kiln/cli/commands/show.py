"""`kiln show`, `kiln list` and `kiln logs`: show templates, runs and logs."""

from __future__ import annotations

import codecs
import json
from functools import partial
from typing import TYPE_CHECKING

import typer

from kiln.cli.api import Api
from kiln.cli.faults import ExitCode, Failure
from kiln.cli.follow import Trouble, follow_log
from kiln.cli.screens.console import pour, stderr, stdout
from kiln.cli.screens.template import template_screen, templates_screen
from kiln.cli.views import TemplateView

if TYPE_CHECKING:
    from kiln.cli.session import Session


def show(session: Session, name: str, *, as_json: bool) -> ExitCode:
    """Print the template and its last run."""
    with Api(session) as api:
        resource = api.template(name)
        run = api.latest_run(name)
        if as_json:
            latest = api.run_resource(name, run.id) if run else None
            typer.echo(json.dumps({"template": resource, "run": latest}, indent=2))
        else:
            view = TemplateView.parse(resource)
            stdout().print(template_screen(view, run, session.environment.now(), session.settings.options))
    return ExitCode.SUCCESS


def list_templates(session: Session) -> ExitCode:
    """Print the templates of the resource group."""
    with Api(session) as api:
        templates = api.templates()
    if templates:
        stdout().print(templates_screen(templates, session.environment.now()))
    else:
        stdout().print(f"No templates in {session.settings.resource_group}.")
    return ExitCode.SUCCESS


def logs(session: Session, name: str, run_id: str | None, *, keep_on: bool, which: str = "customization") -> ExitCode:
    """Print one of a run's logs, with `keep_on` until the run is over. A file or a pipe gets it unchanged."""
    with Api(session) as api:
        wanted = run_id or _latest(api, name)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a character may span two answers
        try:
            for event in follow_log(partial(api.log, name, wanted, which), session.environment.sleep, keep_on=keep_on):
                if isinstance(event, Trouble):
                    stderr().print(f"{event.reason} Trying again in {event.retry_in:g} s.")
                else:
                    pour(decoder.decode(event.content))
        except KeyboardInterrupt:
            return ExitCode.INTERRUPTED
    return ExitCode.SUCCESS


def _latest(api: Api, name: str) -> str:
    run = api.latest_run(name)
    if run is None:
        raise Failure(f"{name} has never been run, so it has no log.")
    return run.id
