"""Errors as a small tree: the message, the target, the details below it, and the hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from kiln.cli.screens.console import stderr

if TYPE_CHECKING:
    from kiln.cli.faults import Failure
    from kiln.errors import ErrorDetail


def show_failure(failure: Failure) -> None:
    """Print a failure on stderr: the API's own error tree where there is one, else Kiln's sentence."""
    console = stderr()
    label = Text("Error: ", style="bold red")
    if failure.detail is None:
        console.print(label.append(failure.message, style="default not bold"))
    else:
        console.print(Text("\n").join(error_lines(failure.detail, label=label)))
    if failure.hint:
        console.print(Text(failure.hint))


def error_lines(detail: ErrorDetail, *, label: Text | None = None, indent: str = "") -> list[Text]:
    """Return an ARM error as the lines of a tree: its code and message, then output, target, details and hint."""
    statement, *output = detail.message.strip("\n").split("\n")
    head = Text(indent).append_text(label or Text())
    lines = [head.append(f"{detail.code}: ", style="bold").append(statement, style="default not bold")]
    branches = [[Text(line)] for line in output]
    if detail.target and not detail.message.startswith(detail.target):
        branches.append([_fact("target", detail.target)])
    branches += [error_lines(item) for item in detail.details if item.details or item.message not in detail.message]
    if detail.hint:
        branches.append([_fact("hint", detail.hint)])
    for branch in branches:
        is_last = branch is branches[-1]
        for number, line in enumerate(branch):
            guide = ("└── " if is_last else "├── ") if number == 0 else ("    " if is_last else "│   ")
            lines.append(Text(indent).append(guide, style="dim").append_text(line))
    return lines


def _fact(name: str, value: str) -> Text:
    return Text().append(f"{name}: ", style="dim").append(value)
