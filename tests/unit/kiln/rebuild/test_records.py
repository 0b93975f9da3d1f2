"""Slots for rebuilds at once: never more than there are, each run has one at the most."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kiln.ids import RunRef, TemplateId
from kiln.rebuild.records import Slots, give_back, take

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def run(number: int) -> RunRef:
    return RunRef(template=TemplateId(subscription="s", group="g", name="t"), run_id=str(number))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))), st.integers(1, 4))
def test_places_are_never_exceeded_and_never_lost(steps: list[tuple[bool, int]], limit: int) -> None:
    slots, held = Slots(), set[int]()
    for takes, number in steps:
        if takes:
            slots = take(slots, run(number), limit, NOW)
            held |= {number} if len(held) < limit else set()
        else:
            slots = give_back(slots, frozenset({run(number)}))
            held -= {number}
        assert {holder.run.run_id for holder in slots.holders} == {str(each) for each in held}
        assert len(slots.holders) == len(held) <= limit
