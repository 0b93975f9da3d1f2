"""The report of a matrix: progress while it runs, and at its end a table and every failure with how to repeat it."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.registry import matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.matrix import Verdict

_EVERY = 25
_CLEAR = "\r\x1b[K" if sys.stdout.isatty() else ""


def say(text: str) -> None:
    """Write to standard output at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


@dataclass
class Progress:
    """Progress: a line now and then, or on a terminal one that is written over."""

    name: str
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    failed: int = 0

    def tell(self, verdict: Verdict, of: int) -> None:
        """Count a verdict; a failure is told at once."""
        self.done += 1
        if not verdict.passed:
            self.failed += 1
            reason = verdict.problems[0].strip().splitlines()[-1]
            say(f"{_CLEAR}FAILED {self.name} {verdict.case.id}: {reason}\n")
        line = f"{self.name}: {self.done}/{of}, {self.failed} failed, {time.monotonic() - self.began:.0f} s"
        if sys.stdout.isatty():
            say(f"{_CLEAR}{line}" + ("\n" if self.done == of else ""))
        elif self.done % _EVERY == 0 or self.done == of:
            say(f"{line}\n")


def table(verdicts: Sequence[Verdict]) -> str:
    """Return rows by columns, in the order of their first cases; each cell has how many of its cases passed."""
    cells: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for verdict in verdicts:
        cells[verdict.case.row, verdict.case.column].append(verdict.passed)
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    lines = [["", *columns, "all"]]
    for row in rows:
        per_column = [cells.get((row, column), []) for column in columns]
        lines.append([row, *map(_count, per_column), _count([each for cell in per_column for each in cell])])
    per_column = [[each for row in rows for each in cells.get((row, column), [])] for column in columns]
    lines.append(["all", *map(_count, per_column), _count([verdict.passed for verdict in verdicts])])
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    return "\n".join("  ".join(map(_padded, line, widths, range(len(line)))).rstrip() for line in lines)


def _padded(text: str, width: int, index: int) -> str:
    return text.rjust(width) if index else text.ljust(width)


def _count(passed: Sequence[bool]) -> str:
    return f"{sum(passed)}/{len(passed)}" if passed else "-"


def failures(name: str, verdicts: Sequence[Verdict]) -> str:
    """Return every failure with the command that repeats it; nothing if there is none."""
    told = []
    for verdict in verdicts:
        if not verdict.passed:
            problems = "\n".join(f"    {line}" for problem in verdict.problems for line in problem.strip().splitlines())
            repeat = f"python -m tests.faults --matrix {name} --case '{verdict.case.id}'"
            told.append(f"FAILED {verdict.case.id}\n{problems}\n  again: {repeat}")
    return "\n".join(told)


def summary(name: str, verdicts: Sequence[Verdict], of: int, seconds: float, notes: Sequence[str]) -> str:
    """Return the whole report on a matrix, ending in the line with N of N and the time."""
    passed = sum(verdict.passed for verdict in verdicts)
    slowest = max(verdicts, key=lambda verdict: verdict.seconds, default=None)
    parts = [f"== {name}: {matrix(name).title}", table(verdicts), *notes, failures(name, verdicts)]
    if slowest is not None:
        parts.append(f"slowest: {slowest.case.id}, {slowest.seconds:.1f} s")
    parts.append(f"{name}: {passed} of {of} in {seconds:.0f} s")
    return "\n".join(part for part in parts if part)
