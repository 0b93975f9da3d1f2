from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.faults.pairs.access import Access
from tests.faults.pairs.turns import Party, in_a_row, reach

VERSIONS = "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/galleries/g/images/i/versions"
LOOK, MAKE = Access("ARM", "GET", f"{VERSIONS}/1.0.0"), Access("ARM", "PUT", f"{VERSIONS}/1.0.0")


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        (LOOK, MAKE, True),
        (MAKE, MAKE, True),
        (LOOK, LOOK, False),
        (Access("ARM", "GET", VERSIONS), MAKE, True),
        (MAKE, Access("ARM", "PUT", f"{VERSIONS}/1.0.01"), False),
        (MAKE, Access("blob", "PUT", MAKE.path), False),
        (Access("record", "LIST", "templates/"), Access("record", "PUT", "templates/s/g/web.json"), True),
    ],
)
def test_accesses_meet_where_one_writes_what_the_other_touches(one: Access, other: Access, *, meets: bool) -> None:
    assert one.meets(other) is meets
    assert other.meets(one) is meets


def test_an_access_is_told_without_names() -> None:
    assert str(MAKE) == "PUT versions"
    assert str(Access("ARM", "PUT", "/subscriptions/s/resourcegroups/g")) == "PUT resourcegroups"
    assert str(Access("record", "GET", "runs/s/g/web/1.json")) == "GET runs"


def test_who_moves_stops_before_the_access_it_is_to_stop_at_and_goes_on_from_there() -> None:
    done: list[str] = []

    def work(name: str) -> None:
        for access in (LOOK, MAKE):
            reach(access)
            done.append(f"{name} {access.method}")

    first = Party("A", partial(work, "A"), lambda access: access.writes, stop=1)
    second = Party("B", partial(work, "B"))

    assert [first.move(), second.move(), first.move()] == [False, True, True]
    assert done == ["A GET", "B GET", "B PUT", "A PUT"]


def test_who_holds_makes_the_access_and_stops_before_the_next_activity() -> None:
    done: list[str] = []

    def work() -> None:
        reach(MAKE)
        done.append("made")
        party.enter("next")
        done.append("next")

    party = Party("A", work, lambda _: True, stop=1, hold=lambda access: done.append(f"hold {access.method}"))

    assert not party.move()
    assert done == ["hold PUT", "made"]
    assert party.move()
    assert done[2:] == ["next"]


def test_what_a_party_does_raises_where_it_is_moved() -> None:
    def work() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        Party("A", work).move()


def test_the_pools_of_a_party_work_in_a_row() -> None:
    def work() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(reach, (LOOK, MAKE)))

    with in_a_row():
        party = Party("A", work, lambda access: access == MAKE, stop=1)
        assert not party.move()
        assert party.move()
    assert [access for _, access in party.accesses] == [LOOK, MAKE]
