"""The timer thread."""

from __future__ import annotations

import queue
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from devkit.host.clock import VirtualClock
from devkit.host.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def woken() -> queue.SimpleQueue[str]:
    return queue.SimpleQueue()


@pytest.fixture
def timers(clock: VirtualClock, woken: queue.SimpleQueue[str]) -> Iterator[Timers]:
    running = Timers(clock, woken.put)
    running.start()
    yield running
    running.stop()


def test_timers_fire_in_order_of_their_times(
    timers: Timers, clock: VirtualClock, woken: queue.SimpleQueue[str]
) -> None:
    now = clock.now()
    timers.add([(now + 2 * HOUR, "later"), (now + HOUR, "sooner")])
    clock.advance(HOUR)
    assert woken.get(timeout=10) == "sooner"
    assert woken.empty()
    clock.advance(HOUR)
    assert woken.get(timeout=10) == "later"


def test_a_timer_that_is_due_fires_at_once(timers: Timers, clock: VirtualClock, woken: queue.SimpleQueue[str]) -> None:
    timers.add([(clock.now(), "now")])
    assert woken.get(timeout=10) == "now"
