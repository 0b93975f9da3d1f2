"""Equality of recorded and re-emitted work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from devkit.host.protocol import EPOCH
from devkit.host.work import (
    ActivityCall,
    NonDeterminismError,
    SubOrchestrationCall,
    Timer,
    require_nothing_new,
    require_same,
)

if TYPE_CHECKING:
    from devkit.host.work import Work

ACTIVITY = ActivityCall(3, "build", '{"x": 1}')
CHILD = SubOrchestrationCall(3, "wait", "run:wait", '{"x": 1}', None)
TIMER = Timer(3, EPOCH + timedelta(hours=1), cancelled=False)


@pytest.mark.parametrize("work", [ACTIVITY, CHILD, TIMER, replace(TIMER, cancelled=True)])
def test_the_same_work_is_accepted(work: Work) -> None:
    require_same(work.recorded(EPOCH), work)


@pytest.mark.parametrize(
    ("recorded", "now", "difference"),
    [
        (ACTIVITY, replace(ACTIVITY, name="other"), "name"),
        (ACTIVITY, replace(ACTIVITY, payload='{"x": 2}'), "input"),
        (ACTIVITY, CHILD, "kind"),
        (CHILD, replace(CHILD, instance_id="run:other"), "instance id"),
        (CHILD, replace(CHILD, payload=None), "input"),
        (CHILD, replace(CHILD, version="2"), "version"),
        (TIMER, replace(TIMER, fire_at=EPOCH), "due time"),
    ],
)
def test_any_difference_is_found_and_named(recorded: Work, now: Work, difference: str) -> None:
    with pytest.raises(NonDeterminismError, match=rf"as action 3, but the code now .*\(different: {difference}\)"):
        require_same(recorded.recorded(EPOCH), now)


def test_the_message_says_what_was_recorded_and_what_the_code_does_now() -> None:
    with pytest.raises(NonDeterminismError) as caught:
        require_same(ACTIVITY.recorded(EPOCH), CHILD)
    assert str(caught.value) == (
        "Non-Deterministic workflow detected: history records activity 'build' with input {\"x\": 1} as action 3,"
        " but the code now schedules sub-orchestration 'wait' as instance 'run:wait' with input {\"x\": 1}"
        " (different: kind)"
    )


def test_work_that_is_no_longer_scheduled_is_found() -> None:
    with pytest.raises(NonDeterminismError, match="schedules nothing there"):
        require_same(ACTIVITY.recorded(EPOCH), None)


def test_long_inputs_are_shortened_in_messages() -> None:
    long = replace(ACTIVITY, payload="x" * 1000)
    with pytest.raises(NonDeterminismError, match=r"x\.\.\. \(1000 characters\)"):
        require_same(long.recorded(EPOCH), None)


def test_work_beyond_a_complete_history_is_found() -> None:
    require_nothing_new([])
    with pytest.raises(NonDeterminismError, match="where the history records nothing"):
        require_nothing_new([ACTIVITY])
