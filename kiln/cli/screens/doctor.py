"""The screen of `kiln doctor`: by area, each finding with its age, its cost and its fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from rich.console import RenderableType

    from kiln.cli.health import FindingView, HealthView

AREAS = {
    "runs": "Runs",
    "leftovers": "Leftovers",
    "triggers": "Triggers",
    "quota": "Quota",
    "permissions": "Permissions",
    "settings": "Settings",
    "documents": "Documents",
}
MARKS = {"Error": ("✗", "red"), "Warning": ("!", "yellow")}
MOST_DETAILS = 60


def health_screen(health: HealthView) -> RenderableType:
    """Return the whole screen of an examination."""
    parts: list[RenderableType] = []
    for area, title in AREAS.items():
        findings = [each for each in health.findings if each.area == area]
        state = Text("  fine", style="green not bold") if not findings else Text("")
        parts.append(Text(title, style="bold").append_text(state))
        parts += [
            Padding(Text(fact.text, style="dim"), (0, 0, 0, 2), expand=False)
            for fact in health.facts
            if fact.area == area
        ]
        for finding in findings:
            parts += _finding(finding, health.time)
    parts.append(Text(""))
    parts.append(_sum(health))
    return Group(*parts)


def _finding(finding: FindingView, now: datetime) -> Iterator[RenderableType]:
    sign, style = MARKS.get(finding.severity, ("?", ""))
    line = Text(f"{sign} ", style=style).append(finding.target, style="default")
    if finding.since is not None:
        line.append(f"  for {_age(now - finding.since)}", style="dim")
    if finding.cost is not None:
        line.append(f"  billed {finding.cost}", style="dim")
    yield Padding(line, (0, 0, 0, 2), expand=False)
    yield Padding(Text(finding.message), (0, 0, 0, 4), expand=False)
    details = finding.details if len(finding.details) > 1 else ()
    yield from (Padding(Text(f"- {each}", style="dim"), (0, 0, 0, 6), expand=False) for each in details[:MOST_DETAILS])
    if len(details) > MOST_DETAILS:
        yield Padding(Text(f"- and {len(details) - MOST_DETAILS} more", style="dim"), (0, 0, 0, 6), expand=False)
    yield Padding(Text("Fix: ", style="bold").append(finding.fix, style="not bold"), (0, 0, 0, 4), expand=False)


def _sum(health: HealthView) -> Text:
    if not health.findings:
        return Text("No problems.", style="green")
    errors = sum(finding.severity == "Error" for finding in health.findings)
    warnings = len(health.findings) - errors
    counts = [
        f"{count} {noun}{'s' if count > 1 else ''}"
        for count, noun in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return Text(f"{' and '.join(counts)}.", style="red" if errors else "yellow")


def _age(age: timedelta) -> str:
    """Return a length of time in its largest unit: 90 minutes are 1 h."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
