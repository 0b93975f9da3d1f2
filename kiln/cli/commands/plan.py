"""`kiln plan`: print what a build would do, decided offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from kiln.cli.faults import ExitCode, UsageFailure
from kiln.cli.screens.console import stdout
from kiln.cli.screens.plan import plan_tree
from kiln.cli.template_file import note_lines, read_template
from kiln.errors import TemplateRefused
from kiln.ids import TemplateId
from kiln.planner.preview import preview_assumptions, preview_plan
from kiln.template.references import check_references

if TYPE_CHECKING:
    from pathlib import Path

    from kiln.cli.session import Session
    from kiln.cli.template_file import ArmOptions


def plan(
    session: Session, file: Path, name: str | None, options: ArmOptions, *, scripts: bool, as_json: bool
) -> ExitCode:
    """Print the plan of the template in `file`. Nothing is sent. Raises `UsageFailure` if there can be no plan."""
    settings = session.settings
    source = read_template(file, name, settings, options)
    template_id = TemplateId(subscription=settings.subscription, group=settings.resource_group, name=source.name)
    if problems := check_references(source.template):
        lines = "\n".join(f"  {problem.path}: {problem.message}" for problem in problems)
        raise UsageFailure(f"{file}: the template has names, ids or URLs that are not valid.\n{lines}")
    try:
        preview = preview_plan(source.template, template_id=template_id)
    except TemplateRefused as error:
        lines = "\n".join(f"  {problem.message} {problem.hint or ''}" for problem in error.detail.details)
        raise UsageFailure(f"{file}: the template cannot be built.\n{lines}") from error
    if as_json:
        typer.echo(preview.model_dump_json(indent=2))
    else:
        console = stdout()
        console.print(plan_tree(preview, scripts=scripts))
        for note in (*note_lines(file, source.notes), *preview_assumptions(source.template)):
            console.print(Text(note, style="dim"))
    return ExitCode.SUCCESS
