"""The templates of AIB's that were found: a table, the problems of each, and what differs in Kiln, each thing once.

Secrets in texts of others are never shown.
"""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from kiln.cli.screens.console import aligned, screen
from kiln.cli.screens.result import STYLES
from kiln.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kiln.cli.migration.files import Outcome
    from kiln.cli.migration.found import Found
    from kiln.template.differences import Difference

WIDEST = 120
NONE = "-"


def table(found: Sequence[Found]) -> Text:
    """Return one line for each template; its differences are numbers of `legend`."""
    numbers = numbered(found)
    with_groups = len({each.group.lower() for each in found if each.group}) > 1
    head = ["NAME", *(["GROUP"] if with_groups else []), "IN AZURE", "TRIGGERS", "PROBLEMS", "DIFFERS IN"]
    rows: list[list[tuple[str, str]]] = [[(title, "bold") for title in head]]
    for each in found:
        group = [(each.group, "")] if with_groups else []
        if each.fault is not None:
            rows.append([(redact(each.name), ""), *group, ("not read", "red"), ("", ""), ("", ""), ("", "")])
            continue
        problems = (str(len(each.problems)), "red") if each.problems else (NONE, "dim")
        rows.append([
            (each.name, ""),
            *group,
            (each.state or "?", STYLES.get(each.state, "")),
            (str(len(each.triggers) or NONE), ""),
            problems,
            (ranges(numbers[difference] for difference in each.differences), "dim"),
        ])  # fmt: skip
    return aligned(rows)


def numbered(found: Sequence[Found]) -> dict[Difference, int]:
    """Return a number, from 1, for each difference of any of the templates."""
    every = sorted({difference for each in found for difference in each.differences})
    return {difference: number for number, difference in enumerate(every, start=1)}


def ranges(numbers: Iterator[int]) -> str:
    """Return numbers in their order, three or more in a row as `1-3`."""
    told = []
    for _, row in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in row]
        told.append(f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(map(str, run)))  # noqa: PLR2004 - as it says
    return " ".join(told) or NONE


def problem_lines(found: Sequence[Found]) -> list[Text]:
    """Return the reason why a template cannot be taken, and each problem of the others, with its path."""
    lines = [Text(f"  {redact(f'{each.name}: {each.fault}')}", style="red") for each in found if each.fault is not None]
    for each in found:
        for problem in each.problems:
            text = Text(f"  {each.name}: ").append(redact(problem.path), style="bold")
            lines.append(text.append(f": {redact(problem.message)}", style="default not bold"))
    return [Text("Problems:", style="bold"), *lines] if lines else []


def legend(found: Sequence[Found]) -> list[Text]:
    """Return the differences with their numbers, as wide as the terminal."""
    numbers = numbered(found)
    if not numbers:
        return []
    lines = [Text("What differs in Kiln:", style="bold")]
    indent = len(str(len(numbers))) + 4
    width = min(screen().width, WIDEST) - indent
    for difference, number in numbers.items():
        lines.append(Text(f"  {number:>{indent - 4}}  ").append(difference.path, style="bold"))
        lines += [Text(" " * indent + line) for line in textwrap.wrap(difference.text, width, break_on_hyphens=False)]
    return lines


def secret_lines(found: Sequence[Found]) -> list[Text]:
    """Return a line for each template with secrets, which says where they are."""
    lines = [
        Text(f"{each.name} has a secret in {', '.join(map(redact, each.secrets))}.", style="yellow")
        for each in found
        if each.secrets
    ]
    return [*lines, Text("Files have these secrets: keep them out of repositories.")] if lines else []


def outcome_line(outcome: Outcome) -> Text:
    """Return an outcome's line."""
    return Text(redact(outcome.text), style="" if outcome.taken else "red")


def missed_lines(templates: Sequence[Found], outcomes: Sequence[Outcome]) -> list[Text]:
    """Return lines that name again, after many others, what was not taken, and what Kiln cannot build as it is."""
    lines = []
    if missed := [outcome.name for outcome in outcomes if not outcome.taken]:
        lines.append(f"{len(missed)} of {len(outcomes)} not taken, see above: {', '.join(missed)}.")
    if broken := [each.name for each in templates if not each.is_whole]:
        which = "they are" if len(broken) > 1 else "it is"
        lines.append(f"{len(broken)} of {len(templates)} cannot be built by Kiln as {which}: {', '.join(broken)}.")
    return [Text(redact(line), style="red") for line in lines]
