"""`python -m tests.faults`: run matrices of faults, crashes and cancels, and print their tables.

Exit code 0 only when every chosen case of every chosen matrix passed.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from typing import TYPE_CHECKING

from tests.faults.registry import MATRICES
from tests.faults.report import Progress, say, summary
from tests.faults.workers import Crew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.matrix import Case, Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments choose; return the exit code."""
    options = _parser().parse_args(arguments)
    choose = _chooser(options.case, *options.part)
    reports, good, chosen = [], True, 0
    for name in options.matrix or MATRICES:
        verdicts, report, of = _run(name, options.workers, choose)
        reports.append(report)
        chosen += of
        good = good and len(verdicts) == of and all(verdict.passed for verdict in verdicts)
    say("\n" + "\n\n".join(reports) + "\n")
    if not chosen:
        say("no case has been chosen\n")
    return 0 if good and chosen else 1


def _run(name: str, workers: int, choose: Callable[[Sequence[Case]], Sequence[Case]]) -> tuple[list[Verdict], str, int]:
    began, progress = time.monotonic(), Progress(name)
    crew = Crew(name, workers, choose)
    verdicts = []
    for verdict in crew.verdicts():
        verdicts.append(verdict)
        progress.tell(verdict, crew.chosen or 0)
    verdicts.sort(key=lambda verdict: crew.order[verdict.case.id])
    of = crew.chosen or 0
    return verdicts, summary(name, verdicts, of, time.monotonic() - began, crew.notes), of


def _chooser(wanted: Sequence[str], part: int, parts: int) -> Callable[[Sequence[Case]], Sequence[Case]]:
    def choose(cases: Sequence[Case]) -> Sequence[Case]:
        named = [case for case in cases if not wanted or any(text in case.id for text in wanted)]
        exact = [case for case in named if case.id in wanted]
        return (exact or named)[part - 1 :: parts]

    return choose


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r}: expected I/N with I from 1 to N")
    return int(match[1]), int(match[2])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--matrix", action="append", choices=tuple(MATRICES), help="only this one; may be repeated")
    parser.add_argument(
        "--part", type=_part, default=(1, 1), metavar="I/N", help="every Nth case, beginning at the Ith"
    )
    parser.add_argument(
        "--case", action="append", default=[], metavar="ID", help="only the case with this id, or those that contain it"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes side by side (default: 2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
