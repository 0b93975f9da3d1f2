"""The clocks."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from devkit.host.clock import SystemClock, VirtualClock


def test_the_virtual_clock_moves_only_when_told_to() -> None:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(timedelta(hours=3))
    assert clock.now() == datetime(2026, 1, 1, 3, tzinfo=UTC)


def test_the_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock()
    with pytest.raises(ValueError, match="never goes back"):
        clock.advance(timedelta(seconds=-1))


def test_advancing_the_virtual_clock_wakes_who_waits() -> None:
    clock, condition, woken = VirtualClock(), threading.Condition(), threading.Event()
    due = clock.now() + timedelta(days=1)
    entered = threading.Event()

    def wait() -> None:
        with condition:
            entered.set()
            while clock.now() < due:
                clock.wait(condition, due)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    entered.wait()
    clock.advance_to(due)
    thread.join(10)
    assert woken.is_set()


def test_the_system_clock_waits_no_longer_than_until_the_time() -> None:
    clock, condition = SystemClock(), threading.Condition()
    due = clock.now() + timedelta(milliseconds=20)
    with condition:
        while clock.now() < due:
            clock.wait(condition, due)
    assert clock.now() >= due


def test_the_system_clock_does_not_wait_for_the_past() -> None:
    condition = threading.Condition()
    with condition:
        SystemClock().wait(condition, datetime(2000, 1, 1, tzinfo=UTC))
