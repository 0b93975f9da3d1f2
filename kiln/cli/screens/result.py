"""The result of a run: outputs with their ids and regions, or why there are none.

It owns the words; it does not decide the exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from kiln.cli import wording
from kiln.cli.screens.failure import error_lines

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from kiln.cli.views import OutputView, RunView
    from kiln.errors import ErrorDetail

STYLES = {
    "Running": "cyan",
    "Canceling": "yellow",
    "Succeeded": "green",
    "PartiallySucceeded": "yellow",
    "Failed": "red",
    "Canceled": "yellow",
}
HEADLINES = {"PartiallySucceeded": "Partially succeeded"}
VALIDATOR_FAILED = "ValidatorFailed"
OF_TEMPLATE = {
    "CustomizerFailed",
    VALIDATOR_FAILED,
    "TemplateRefused",
    "SourceImageNotFound",
    "DistributionTargetNotFound",
}
"""The codes of errors that stay until the template, or what it names, is another: a retry would end as the run did."""
KINDS = {"SharedImage": "gallery image version"}


def result_screen(template: str, run: RunView, now: datetime, options: str = "") -> Group:
    """Return the result of a run: headline, error, outputs, leftovers, and the next commands to run.

    `options` are the options with which those commands find the same template.
    """
    parts: list[RenderableType] = [headline(run, now)]
    if run.error:
        parts += ["", *_error(run.error)]
    if run.outputs:
        parts += ["", *(_output(template, output, options) for output in run.outputs)]
    if run.leftovers:
        parts += ["", Text("Left behind, because it could not be deleted:", style="yellow")]
        parts += [Text(f"  {leftover}") for leftover in run.leftovers]
    if run.kept:
        parts += [
            "",
            Text("Kept for inspection, as errorHandling asks; it costs money until the template is deleted:"),
        ]
        parts += [Text(f"  {kept}") for kept in run.kept]
    parts += _next_commands(template, run, options)
    return Group(*parts)


def _next_commands(template: str, run: RunView, options: str) -> list[RenderableType]:
    """Return the commands to run next after a run that did not succeed."""
    lines: list[RenderableType] = []
    run_option = f"--run {run.id}{options}"
    if run.run_state not in {"Succeeded", "Running"}:
        which = " --validation" if run.error and run.error.code == VALIDATOR_FAILED else ""
        lines += ["", Text("The whole log: ").append(f"kiln logs {template}{which} {run_option}", style="bold")]
    if run.run_state == "Failed" and run.error and run.error.code in OF_TEMPLATE:
        lines.append(Text("Fix the template, or what it names, and build it again: kiln build FILE"))
    elif run.run_state in {"PartiallySucceeded", "Failed"}:
        lines.append(Text("Retry it:      ").append(f"kiln retry {template} {run_option}", style="bold"))
    return lines


def headline(run: RunView, now: datetime) -> Text:
    """Return the run's state, how long it took, and its id."""
    state = HEADLINES.get(run.run_state, run.run_state)
    preposition = {"Succeeded": "in", "Running": "for", "Canceling": "for"}.get(run.run_state, "after")
    line = Text(state, style=f"bold {STYLES.get(run.run_state, '')}")
    line.append(f" {preposition} {wording.duration(run.elapsed(now))}", style="default not bold")
    return line.append(f", run {run.id}", style="default not bold")


def _error(error: ErrorDetail) -> list[RenderableType]:
    """Return a build's error: the statement, the last lines of output as they came, and the facts."""
    statement, *output = error.message.strip("\n").split("\n")
    parts: list[RenderableType] = [Text(statement)]
    parts += [Text(f"    {line}" if line else "") for line in output]
    facts = [("error", error.code), ("target", error.target), ("hint", error.hint)]
    parts += [
        Text(f"  {name:<7} ", style="dim").append(value, style="default not dim") for name, value in facts if value
    ]
    fresh = (detail for detail in error.details if detail.message not in error.message)
    return parts + [line for detail in fresh for line in error_lines(detail, indent="  ")]


def _output(template: str, output: OutputView, options: str) -> RenderableType:
    title = Text(output.name, style="bold").append(f"  {KINDS.get(output.kind, output.kind)}", style="default not bold")
    if output.error:
        title.append("  failed", style="red")
    parts: list[RenderableType] = [title]
    parts += [Text(f"  {place}") for place in (output.artifact_id, output.artifact_uri) if place]
    if output.regions:
        parts.append(Text(f"  in {', '.join(output.regions)}"))
    if output.error:
        parts += error_lines(output.error, indent="  ")
    elif output.kind == "VHD":
        parts.append(Text("  get it: ").append(f"kiln download {template} {output.name}{options}", style="bold"))
    return Group(*parts)
