from __future__ import annotations

from datetime import timedelta
from typing import Any

from kiln.events.cloud_events import CloudEvent
from kiln.events.event_types import EventType
from kiln.events.outbox import HOLD, Outbox, add, claim, mark_failed, mark_sent
from kiln.ids import RunRef
from tests.unit.kiln.runs.records import NOW, WEB

EMPTY = Outbox(run=RunRef(template=WEB, run_id="run"))


def event(number: int, **changes: Any) -> CloudEvent:
    made = CloudEvent(
        id=f"run/{number}", source=WEB.arm, type=EventType.BUILD_PHASE_CHANGED, subject="run", time=NOW, data={}
    )
    return made.model_copy(update=changes)


def box(*numbers: int) -> Outbox:
    return add(EMPTY, tuple(event(number) for number in numbers))


def test_events_are_kept_in_order_with_their_place() -> None:
    kept = add(box(2, 1), (event(3),))

    assert [(item.id, item.sequence) for item in kept.events] == [
        ("run/2", "000001"),
        ("run/1", "000002"),
        ("run/3", "000003"),
    ]


def test_an_event_is_kept_once_as_it_was_first_told() -> None:
    kept = add(box(1), (event(1, time=NOW + HOLD), event(2), event(2)))

    assert [item.id for item in kept.events] == ["run/1", "run/2"]
    assert kept.events[0].time == NOW


def test_what_follows_from_a_run_has_no_place_in_it() -> None:
    (trigger,) = add(EMPTY, (event(1, subject="source"),)).events

    assert trigger.sequence is None


def test_one_publishes_at_a_time_until_its_claim_runs_out() -> None:
    claimed = claim(box(1), "a", NOW)

    assert claim(claimed, "b", NOW + HOLD - timedelta(seconds=1)) == claimed
    taken = claim(claimed, "b", NOW + HOLD).claim
    assert taken is not None
    assert taken.by == "b"


def test_there_is_nothing_to_claim_in_an_empty_outbox() -> None:
    assert claim(EMPTY, "a", NOW) == EMPTY
    assert claim(mark_sent(box(1), "a", 1), "a", NOW).claim is None


def test_what_came_while_it_was_published_is_still_unsent() -> None:
    claimed = claim(box(1), "a", NOW)

    marked = mark_sent(add(claimed, (event(2),)), "a", 1)

    assert [item.id for item in marked.unsent] == ["run/2"]
    assert marked.claim is None


def test_a_slow_publisher_takes_nothing_back_and_ends_nobody_else_s_claim() -> None:
    marked = mark_sent(claim(box(1, 2, 3), "b", NOW), "b", 2)
    held = claim(marked, "c", NOW)

    late = mark_sent(held, "a", 1)

    assert late.sent == 2
    assert late.claim == held.claim


def test_a_failure_is_remembered_since_the_first_until_one_succeeds() -> None:
    failed = mark_failed(mark_failed(claim(box(1), "a", NOW), "a", NOW), "b", NOW + HOLD)

    assert failed.failing_since == NOW
    assert failed.claim is None
    assert mark_sent(failed, "a", 1).failing_since is None
