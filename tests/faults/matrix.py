"""Matrices of faults: cases that are found, not listed by hand, and one judgement of each.

It must not know what goes wrong in a case, nor who runs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One cell's share: `id` is the same in every process and from run to run, and repeats the case."""

    id: str
    row: str
    """The line of the table: a phase, or a group of calls."""
    column: str
    """The column of the table: the fault."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of a case: without problems, it passed."""

    case: Case
    problems: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return not self.problems


class Bench(Protocol):
    """Everything that cases need, in one process; each case leaves it fit for the next."""

    notes: Sequence[str]
    """Facts that a reader of the table must know, such as what was counted as one; complete after `cases`."""

    def cases(self) -> Sequence[Case]:
        """Find all cases, in the same order in every process."""
        ...

    def check(self, case: Case) -> Sequence[str]:
        """Let the fault happen; return everything that is wrong then. An exception counts as a problem, too."""
        ...


class Matrix(Protocol):
    """A table of cases."""

    name: str
    title: str
    """One line above the table."""
    every: int
    """The fast subset is every so manieth case; 0: it has none, for finding the cases alone takes too long."""
    case_seconds: float
    """Time after which a case counts as hung, and its process is ended."""

    def open(self, folder: Path) -> AbstractContextManager[Bench]:
        """Start what the cases need, with data in `folder`: once in each process."""
        ...
