"""What a contest is: two who want the same, and who of them may have it. It must not know in which order they move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.pairs.place import Place


class Meeting(Protocol):
    """Two who are about to want the same."""

    def works(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return what each of them does."""
        ...

    def problems(self) -> list[str]:
        """Return what is not as it must be, once both have done it."""
        ...


class Contest(Protocol):
    """Something that two may be in need of."""

    name: str
    title: str
    """A row of the table."""
    both_wait: bool
    """Whether the second can be stopped on its way, too."""

    def meet(self, place: Place, mark: str) -> Meeting:
        """Let there be two who want it. What they want has `mark` in its name, and nobody else wants it."""
        ...
