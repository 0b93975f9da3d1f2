"""`kiln trigger ...`: list, show, put and delete a template's triggers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from kiln.cli.api import Api
from kiln.cli.faults import ExitCode, UsageFailure
from kiln.cli.json_file import read_json
from kiln.cli.screens.console import aligned, stdout
from kiln.cli.settings import TRIGGER_SECRET, environment
from kiln.cli.template_file import problem_lines
from kiln.errors import TemplateInvalid
from kiln.template.triggers import parse_trigger

if TYPE_CHECKING:
    from pathlib import Path

    from kiln.cli.session import Session

FOLLOW_SOURCE = {"properties": {"kind": "SourceImage"}}
HEAD = ("NAME", "KIND", "STATUS", "NEXT", "SETTINGS")
NO_SETTINGS = {"kind", "status", "provisioningState"}


def list_triggers(session: Session, template: str) -> ExitCode:
    """Print a template's triggers, one in a line."""
    with Api(session) as api:
        found = api.triggers(template)
    if not found:
        stdout().print(f"No triggers of {template}.")
        return ExitCode.SUCCESS
    stdout().print(aligned([[(title, "bold") for title in HEAD], *(_line(trigger) for trigger in found)]))
    return ExitCode.SUCCESS


def show(session: Session, template: str, name: str) -> ExitCode:
    """Print a trigger as the API returns it."""
    with Api(session) as api:
        typer.echo(json.dumps(api.trigger(template, name), indent=2))
    return ExitCode.SUCCESS


def put(session: Session, template: str, name: str, file: Path | None) -> ExitCode:
    """Store the trigger in `file`, or one that follows the template's source."""
    body = _body(file)
    with Api(session) as api:
        stored = api.put_trigger(template, name, body)
    status = stored["properties"]["status"]
    stdout().print(f"{stored['name']} of {template}: {status['message']}")
    return ExitCode.SUCCESS


def delete(session: Session, template: str, name: str) -> ExitCode:
    """Delete a trigger."""
    with Api(session) as api:
        api.trigger(template, name)  # fails if there is no such trigger, for which ARM's DELETE would answer 204
        api.delete_trigger(template, name)
    stdout().print(f"Deleted {name} of {template}.")
    return ExitCode.SUCCESS


def _body(file: Path | None) -> Any:
    """Return a trigger's body; the secret of a Webhook comes from the environment if the file has none.

    Raises a `UsageFailure` that lists every problem.
    """
    body = read_json(file)[1] if file else FOLLOW_SOURCE
    try:
        parse_trigger(body)
    except TemplateInvalid as error:
        raise UsageFailure(f"{file}: {problem_lines(error)}") from error
    properties = body["properties"]
    secret = environment().get(TRIGGER_SECRET)
    if properties["kind"] == "Webhook" and "secret" not in properties and secret:
        return {**body, "properties": {**properties, "secret": secret}}
    return body


def _line(trigger: dict[str, Any]) -> list[tuple[str, str]]:
    properties = trigger["properties"]
    status = properties["status"]
    style = "green" if status["code"] == "Healthy" else "red"
    settings = ", ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in properties.items()
        if name not in NO_SETTINGS
    )
    following = (status.get("nextTimes") or [""])[0]
    return [
        (trigger["name"], ""),
        (properties["kind"], ""),
        (status["code"], style),
        (following, ""),
        (settings, "dim"),
    ]
