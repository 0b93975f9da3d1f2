"""Two who want the same: the second is let in at every position of the first, whole or in part.

A position is right before an access that meets one of the other's: both touch the same thing, and one of them writes
it. Between two positions it makes no difference when the other comes, so that all moments there count as one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.faults.matrix import Case
from tests.faults.pairs.contests import CONTESTS
from tests.faults.pairs.place import Place, place
from tests.faults.pairs.turns import Party

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.faults.pairs.access import Access
    from tests.faults.pairs.contest import Contest

WHOLE = "the other whole"
PART = "the other in part"
UNDER_WAY = "under way"
IN_TURN = "one after the other"


@dataclass(frozen=True)
class Order:
    """The order of moves: the first to its nth contested access, the second to its nth, the first to its end, the
    second to its end. None: to its end at once. With `held`, the first makes that access, and Azure's operation for
    it ends only after the second has moved.
    """

    contest: Contest
    first: int | None
    second: int | None = None
    held: bool = False


class PairBench:
    """Real activities of two flows on one local Azure."""

    def __init__(self, here: Place) -> None:
        self._place = here
        self.notes: list[str] = []
        self._orders: dict[Case, Order] = {}
        self._contested: dict[str, tuple[Access, ...]] = {}
        self._met = 0

    def cases(self) -> Sequence[Case]:
        """Let each contest happen once, one after the other, and find what both touch."""
        if not self._orders:
            for contest in CONTESTS:
                self._orders.update(self._find(contest))
        return list(self._orders)

    def check(self, case: Case) -> Sequence[str]:
        """Let it happen in the case's order, and judge."""
        order = self._orders[case]
        problems, _ = self._go(order)
        return problems

    def _find(self, contest: Contest) -> Iterator[tuple[Case, Order]]:
        self._contested[contest.name] = ()
        _, parties = self._go(Order(contest, None))
        first, second = ([self._nameless(access) for _, access in party.accesses] for party in parties)
        both = {one for one in first if any(one.meets(two) for two in second)}
        both |= {two for two in second if any(two.meets(one) for one in first)}
        self._contested[contest.name] = tuple(both)
        positions = [at for at in parties[0].accesses if _is_among(both, self._nameless(at[1]))]
        self.notes.append(
            f"{contest.title}: {len(positions)} positions; {len(first) - len(positions)} more accesses meet no other"
        )
        yield Case(f"{contest.name}/one-after-the-other", contest.title, IN_TURN), Order(contest, None)
        for at, (activity, access) in enumerate(positions, 1):
            where = f"{contest.name}/{at:02} {activity} {access}"
            yield Case(where, contest.title, WHOLE), Order(contest, at)
            if access.writes and access.where == "ARM" and access.method != "DELETE":
                yield Case(f"{where} under way", contest.title, UNDER_WAY), Order(contest, at, held=True)
            for until, (there, what) in enumerate(positions, 1):
                if what.writes and access.writes and contest.both_wait:
                    yield Case(f"{where} / {until:02} {there} {what}", contest.title, PART), Order(contest, at, until)

    def _go(self, order: Order) -> tuple[list[str], tuple[Party, Party]]:
        self._met += 1
        self._mark = f"pair{self._met:03}"
        contested = self._contested[order.contest.name]
        meeting = order.contest.meet(self._place, self._mark)

        def is_contested(access: Access) -> bool:
            return _is_among(contested, self._nameless(access))

        works, hold = meeting.works(), self._place.hold if order.held else None
        first = Party("the first", works[0], is_contested, order.first, hold)
        second = Party("the second", works[1], is_contested, order.second)
        for party in (first, second, first, second):
            party.move()
            if party is second:
                self._place.release()
        return meeting.problems(), (first, second)

    def _nameless(self, access: Access) -> Access:
        return replace(access, path=access.path.replace(self._mark, "{mark}"))


def _is_among(contested: tuple[Access, ...] | set[Access], access: Access) -> bool:
    return any(access.meets(other) for other in contested)


@dataclass(frozen=True)
class _Matrix:
    name: str = "two-runs"
    title: str = "two runs want the same, one let in at every position of the other"
    every: int = 50
    case_seconds: float = 120.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[PairBench]:
        """Start the place of all cases."""
        with place(folder) as here:
            yield PairBench(here)


MATRIX = _Matrix()
