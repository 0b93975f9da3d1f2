"""A template and its last run, and the list of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from kiln.cli import wording
from kiln.cli.screens.console import aligned
from kiln.cli.screens.failure import error_lines
from kiln.cli.screens.phases import phase_rows
from kiln.cli.screens.result import STYLES, result_screen
from kiln.errors import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from kiln.cli.views import RunView, TemplateView


def template_screen(template: TemplateView, run: RunView | None, now: datetime, options: str = "") -> Group:
    """Return the screen of a template: its submission, then the phases and the result of its last run."""
    title = Text(template.name, style="bold").append(f"  in {template.location}", style="default not bold")
    parts: list[RenderableType] = [title]
    if template.exact_staging_resource_group:
        parts.append(Text(f"staging group {template.exact_staging_resource_group}", style="dim"))
    parts += submission_lines(template)
    if run is None:
        return Group(*parts, Text("It has never been run."))
    source = f", source version {run.source_version}" if run.source_version else ""
    again = f", retry of {run.retry_of}" if run.retry_of else ""
    parts += [Text(f"last run {run.id}, asked for at {wording.moment(run.start_time)}{source}{again}"), ""]
    rows = [
        [(row.name, ""), (wording.state(row.state), STYLES.get(row.state, "dim")), (row.elapsed, ""), (row.note, "dim")]
        for row in phase_rows(run, now)
    ]
    return Group(*parts, aligned(rows), "", result_screen(template.name, run, now, options))


def submission_lines(template: TemplateView) -> list[Text]:
    """Return the state and the error of the template's submission; nothing if it succeeded."""
    if template.provisioning_state == "Succeeded":
        return []
    state = Text("submission ").append(template.provisioning_state, style=STYLES.get(template.provisioning_state, ""))
    error = template.provisioning_error
    if error is None:
        return [state]
    return [state, *error_lines(ErrorDetail(code=error.provisioning_error_code, message=error.message), indent="  ")]


def templates_screen(templates: Sequence[TemplateView], now: datetime) -> Text:
    """Return one line for each template, with its last run."""
    head = [(title, "bold") for title in ("NAME", "LOCATION", "SUBMITTED", "LAST RUN", "STARTED", "TOOK")]
    return aligned([head, *(_line(template, now) for template in templates)])


def _line(template: TemplateView, now: datetime) -> list[tuple[str, str]]:
    last, submitted = template.last_run_status, template.provisioning_state
    front = [(template.name, ""), (template.location, ""), (submitted, STYLES.get(submitted, ""))]
    if last is None:
        return [*front, ("never", "dim"), ("", ""), ("", "")]
    started = wording.moment(last.start_time) if last.start_time else ""
    took = wording.between(last.start_time, last.end_time or now) if last.start_time else ""
    state = (last.run_state, STYLES.get(last.run_state, ""))
    return [*front, state, (started, ""), (took, "")]
