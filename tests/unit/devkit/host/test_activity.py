"""One run of an activity."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from devkit.host.activity import run_activity
from devkit.host.clock import VirtualClock
from devkit.host.protocol import EventType
from devkit.host.records import ActivityWork
from tests.unit.devkit.host.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.protocol import Event


def run(function: Callable[[Any], Any], payload: str | None = '{"x": "ä"}') -> Event:
    return run_activity(table(echo=function), VirtualClock(), ActivityWork(1, "i", "e", 7, "Echo", payload))


def test_input_and_output_are_json() -> None:
    result = run(lambda payload: {"got": payload})
    assert (result["EventType"], result["TaskScheduledId"]) == (EventType.TASK_COMPLETED, 7)
    assert result["Result"] == '{"got": {"x": "\\u00e4"}}'


def test_no_input_is_none() -> None:
    assert run(lambda payload: payload is None, None)["Result"] == "true"


def test_an_exception_becomes_a_failure_with_the_users_frames_only() -> None:
    def explode(_payload: Any) -> None:
        raise ValueError("boom")

    result = run(explode)
    assert result["EventType"] == EventType.TASK_FAILED
    assert result["Reason"] == "Activity function 'Echo' failed:  ValueError: boom"
    assert "in explode" in result["Details"]
    assert "devkit/host/activity.py" not in result["Details"]


def test_a_result_that_is_no_json_is_a_failure() -> None:
    assert "must be json serializable" in run(lambda _payload: {1, 2})["Reason"]


def test_an_activity_that_exits_fails_and_does_not_take_the_thread_along() -> None:
    assert "SystemExit: 3" in run(lambda _payload: sys.exit(3))["Reason"]
