"""Triggers are deactivated by their own failures in a row, and activated by any success."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiln.runs.record import RunCause, RunRecord, RunState
from kiln.runs.trigger_health import health
from tests.unit.kiln.runs.records import NOW, WEB

MINE, OTHER = RunCause(trigger="Base"), RunCause(trigger="nightly")
FAILED, GOOD, CANCELED = RunState.FAILED, RunState.SUCCEEDED, RunState.CANCELED


def runs(*oldest_first: tuple[RunState, RunCause | None]) -> list[RunRecord]:
    made = [
        RunRecord(
            run_id=f"r{index}",
            instance_id=f"i{index}",
            template=WEB,
            body={},
            version=1,
            cause=cause,
            state=state,
            requested=NOW + timedelta(minutes=index),
        )
        for index, (state, cause) in enumerate(oldest_first)
    ]
    return made[::-1]


@pytest.mark.parametrize(
    ("ran", "failures"),
    [
        ([], 0),
        ([(FAILED, MINE), (FAILED, MINE)], 2),
        ([(FAILED, MINE)] * 3, 3),
        ([(FAILED, MINE)] * 9, 3),
        ([(FAILED, MINE), (FAILED, MINE), (GOOD, None)], 0),
        ([(FAILED, MINE), (FAILED, MINE), (RunState.PARTIALLY_SUCCEEDED, OTHER)], 0),
        ([(FAILED, MINE), (GOOD, MINE), (FAILED, MINE)], 1),
        ([(FAILED, MINE), (CANCELED, MINE), (FAILED, MINE)], 2),
        ([(FAILED, MINE), (FAILED, None), (FAILED, OTHER)], 1),
        ([(FAILED, MINE), (RunState.RUNNING, MINE)], 1),
    ],
)
def test_failures_in_a_row_are_counted(ran: list[tuple[RunState, RunCause | None]], failures: int) -> None:
    found = health(runs(*ran), "base", NOW, 3)

    assert found.failures == failures
    assert found.is_deactivated == (failures == 3)


def test_storing_a_trigger_again_begins_anew() -> None:
    ran = runs(*[(FAILED, MINE)] * 5)

    assert health(ran, "base", NOW, 5).is_deactivated
    assert health(ran, "base", NOW + timedelta(minutes=2), 5).failures == 3


def test_the_message_names_the_latest_failure() -> None:
    found = health(runs((FAILED, MINE), (FAILED, MINE)), "base", NOW, 2)

    assert found.last is not None
    assert found.last.run_id == "r1"
    assert "2 of its runs failed in a row; the last was r1" in found.message


def test_a_run_of_an_old_cause_that_began_late_hides_none_of_the_failures_before_it() -> None:
    *failed, late = reversed(runs(*[(FAILED, MINE)] * 2, (FAILED, OTHER)))
    asked_early = late.model_copy(update={"requested": NOW - timedelta(minutes=5), "ended": NOW + timedelta(minutes=9)})

    assert health([asked_early, *failed[::-1]], "base", NOW, 2).is_deactivated
