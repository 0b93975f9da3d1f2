"""Contests: two who want the same, and who of them may have it. They must not know the order in which the two move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.pairs.place import Place


class Meeting(Protocol):
    """Two who are about to want the same."""

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return the work of each of them."""
        ...

    def problems(self) -> list[str]:
        """Return everything that is wrong, once both have done their work."""
        ...


class Contest(Protocol):
    """Something that two may want."""

    name: str
    title: str
    """The contest's row of the table."""
    both_wait: bool
    """Whether the second can be stopped on its way, too."""

    def meet(self, place: Place, mark: str) -> Meeting:
        """Make two who want it. It has `mark` in its name, and nobody else wants it."""
        ...
