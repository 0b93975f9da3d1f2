"""A template and its last run, and the list of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from kiln.cli import wording
from kiln.cli.screens.console import aligned
from kiln.cli.screens.phases import phase_rows
from kiln.cli.screens.result import STYLES, result_screen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from kiln.cli.views import RunView, TemplateView


def template_screen(template: TemplateView, run: RunView | None, now: datetime, options: str = "") -> Group:
    """Return the template, then the phases and the outcome of its last run."""
    title = Text(template.name, style="bold").append(f"  in {template.location}", style="default not bold")
    parts: list[RenderableType] = [title]
    if template.exact_staging_resource_group:
        parts.append(Text(f"staging group {template.exact_staging_resource_group}", style="dim"))
    if run is None:
        return Group(*parts, Text("It was never run."))
    source = f", source version {run.source_version}" if run.source_version else ""
    parts += [Text(f"last run {run.id}, asked for at {wording.moment(run.start_time)}{source}"), ""]
    rows = [
        [(row.name, ""), (row.state.lower(), STYLES.get(row.state, "dim")), (row.elapsed, ""), (row.note, "dim")]
        for row in phase_rows(run, now)
    ]
    return Group(*parts, aligned(rows), "", result_screen(template.name, run, now, options))


def templates_screen(templates: Sequence[TemplateView], now: datetime) -> Text:
    """Return one line for each template, with its last run."""
    head = [(title, "bold") for title in ("NAME", "LOCATION", "LAST RUN", "STARTED", "TOOK")]
    return aligned([head, *(_line(template, now) for template in templates)])


def _line(template: TemplateView, now: datetime) -> list[tuple[str, str]]:
    last = template.last_run_status
    if last is None:
        return [(template.name, ""), (template.location, ""), ("never", "dim"), ("", ""), ("", "")]
    started = wording.moment(last.start_time) if last.start_time else ""
    took = wording.between(last.start_time, last.end_time or now) if last.start_time else ""
    state = (last.run_state, STYLES.get(last.run_state, ""))
    return [(template.name, ""), (template.location, ""), state, (started, ""), (took, "")]
