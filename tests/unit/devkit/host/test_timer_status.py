"""A timer's stored status at a start of the host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devkit.host import timer_status
from devkit.host.schedules import parse
from devkit.host.store import Store
from devkit.host.timer_status import TimerStatus

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOURLY = parse("0 0 * * * *")
HOUR = timedelta(hours=1)


def test_a_timer_without_a_status_starts_from_now() -> None:
    assert timer_status.current(None, HOURLY, NOON) == TimerStatus(None, NOON + HOUR, NOON)


@pytest.mark.parametrize(
    "status", [TimerStatus(NOON, NOON + HOUR, NOON), TimerStatus(None, NOON + HOUR, NOON)], ids=["fired", "never fired"]
)
def test_a_status_of_the_same_schedule_is_kept_so_that_a_missed_time_shows(status: TimerStatus) -> None:
    assert timer_status.current(status, HOURLY, NOON + 5 * HOUR) == status


def test_a_status_of_another_schedule_is_reckoned_anew() -> None:
    half_past = parse("0 30 * * * *")
    status = TimerStatus(NOON, NOON + HOUR, NOON)
    soon = timer_status.current(status, half_past, NOON + timedelta(minutes=10))
    assert soon == TimerStatus(None, NOON + timedelta(minutes=30), NOON)
    later = timer_status.current(status, half_past, NOON + 5 * HOUR)
    assert later == TimerStatus(None, NOON + timedelta(hours=5, minutes=30), NOON + 5 * HOUR)


def test_a_status_outlives_the_process() -> None:
    store = Store(":memory:")
    assert timer_status.load(store, "tick") is None
    for status in (TimerStatus(None, NOON + HOUR, NOON), TimerStatus(NOON, NOON + HOUR, NOON)):
        timer_status.save(store, "tick", status)
        assert timer_status.load(store, "tick") == status
    store.close()
