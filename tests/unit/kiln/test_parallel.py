from __future__ import annotations

import threading
import time

import pytest

from kiln.parallel import TookTooLong, run_each, run_within


def test_attempts_are_returned_in_the_order_of_their_items() -> None:
    attempts = run_each(range(50), lambda number: number * 2)

    assert [(attempt.item, attempt.result, attempt.fault) for attempt in attempts] == [
        (n, n * 2, None) for n in range(50)
    ]


def test_one_of_a_thousand_that_fails_is_named_and_all_others_are_found() -> None:
    attempts = run_each(range(1000), lambda number: 1 // (number - 500))

    assert [attempt.item for attempt in attempts if attempt.fault is not None] == [500]
    assert isinstance(attempts[500].fault, ZeroDivisionError)
    assert sum(attempt.result is not None for attempt in attempts) == 999


def test_one_of_a_thousand_that_hangs_costs_its_own_bound_and_no_more() -> None:
    let_go = threading.Event()

    def look(number: int) -> int:
        if number == 3:
            let_go.wait(60)
        return number

    began = time.monotonic()
    attempts = run_each(range(1000), look, at_once=4, seconds=1.0)
    took = time.monotonic() - began
    let_go.set()

    assert [attempt.item for attempt in attempts if attempt.fault is not None] == [3]
    assert str(attempts[3].fault) == "it took longer than 1 seconds"
    assert [attempt.result for attempt in attempts if attempt.fault is None] == [
        number for number in range(1000) if number != 3
    ]
    assert took < 30


def test_more_that_hang_than_are_looked_at_side_by_side_keep_nobody_waiting_for_ever() -> None:
    let_go = threading.Event()

    attempts = run_each(range(6), lambda number: let_go.wait(60) if number < 5 else True, at_once=2, seconds=0.2)
    let_go.set()

    assert [attempt.fault is not None for attempt in attempts] == [True] * 5 + [False]


def test_no_more_are_looked_at_side_by_side_than_was_asked() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def look(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.001)
        with lock:
            now -= 1

    run_each(range(40), look, at_once=3)

    assert 0 < most <= 3


def test_one_look_raises_what_it_raises_and_ends_in_time() -> None:
    let_go = threading.Event()
    with pytest.raises(TookTooLong):
        run_within(0.1, lambda: let_go.wait(60))
    let_go.set()
    with pytest.raises(LookupError, match="gone"):
        run_within(5, lambda: (_ for _ in ()).throw(LookupError("gone")))
    assert run_within(5, lambda: None) is None
