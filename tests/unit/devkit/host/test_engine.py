"""The engine: threads, limits, timers, restarts."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.clock import SystemClock, VirtualClock
from devkit.host.control import UnknownInstanceError
from devkit.host.engine import Engine
from devkit.host.functions import UnknownOrchestratorError
from devkit.host.protocol import EventType, RuntimeStatus, parse_timestamp
from devkit.host.store import Store
from tests.unit.devkit.host.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from devkit.host.functions import FunctionTable

LONG = 30.0


@contextmanager
def running(
    functions: FunctionTable | None = None, path: Path | str = ":memory:", clock: Any = None, **limits: Any
) -> Iterator[Engine]:
    store = Store(path)
    engine = Engine(functions or table(), store, clock, **limits)
    engine.start()
    try:
        yield engine
    finally:
        assert engine.stop(LONG)
        store.close()


def test_many_instances_at_once_all_complete() -> None:
    with running() as engine:
        started = [engine.start_new("chain", input_json='"10"') for _ in range(20)]
        assert {engine.wait(item, LONG).output for item in started} == {"285"}


def test_status_of_an_instance() -> None:
    clock = VirtualClock()
    with running(clock=clock) as engine:
        assert engine.status("i") is None
        assert engine.start_new("chain", "i", '"2"') == "i"
        ended = engine.wait("i", LONG)
    assert (ended.runtime_status, ended.input, ended.output, ended.name) == ("Completed", '"2"', "1", "chain")
    assert ended.created == ended.updated == clock.now()


def test_an_unknown_orchestrator_is_refused() -> None:
    with running() as engine, pytest.raises(UnknownOrchestratorError, match="'nobody' doesn't exist"):
        engine.start_new("nobody")


def test_names_ignore_case() -> None:
    with running() as engine:
        assert engine.wait(engine.start_new("CHAIN", input_json='"3"'), LONG).output == "5"


def test_waiting_ends_with_an_error_after_its_time_or_for_nobody() -> None:
    with running(clock=VirtualClock()) as engine:
        engine.start_new("sleep_then_wait", "i")
        with pytest.raises(TimeoutError, match=r"'i' is not finished after 0\.01 s"):
            engine.wait("i", 0.01)
        with pytest.raises(UnknownInstanceError):
            engine.wait("nobody", 0.01)


def test_waiting_ends_when_the_engine_stops() -> None:
    failures: list[BaseException] = []

    def wait(engine: Engine) -> None:
        try:
            engine.wait("i", LONG)
        except TimeoutError as error:
            failures.append(error)

    store = Store(":memory:")
    engine = Engine(table(), store, VirtualClock())
    engine.start()
    engine.start_new("sleep_then_wait", "i")
    waiter = threading.Thread(target=wait, args=[engine])
    waiter.start()
    assert engine.stop(LONG)
    waiter.join(LONG)
    store.close()
    assert len(failures) == 1


def test_timers_follow_the_virtual_clock() -> None:
    clock = VirtualClock()
    with running(clock=clock) as engine:
        engine.start_new("event_or_timeout", "i", '"8"')
        with clock_moves_on(clock, timedelta(hours=1)):
            ended = engine.wait("i", LONG)
    assert ended.output == '"timeout"'
    assert ended.updated - ended.created >= timedelta(hours=8)


def test_a_timer_of_more_than_six_days_is_made_of_timers_of_three() -> None:
    def three_weeks(context: Any) -> Generator[Any, Any, Any]:
        yield context.create_timer(context.current_utc_datetime + timedelta(days=21))

    clock = VirtualClock()
    with running(table(three_weeks), clock=clock) as engine:
        engine.start_new("three_weeks", "i")
        with clock_moves_on(clock, timedelta(hours=1)):
            ended = engine.wait("i", LONG)
        history = engine.history("i")
    began = [
        parse_timestamp(item["Timestamp"]) for item in history if item["EventType"] == EventType.ORCHESTRATOR_STARTED
    ]
    due = [parse_timestamp(item["FireAt"]) for item in history if item["EventType"] == EventType.TIMER_CREATED]
    spans = [fire_at - at for at, fire_at in zip(began, due, strict=False)]  # the last episode arms none
    assert set(spans[:-1]) == {timedelta(days=3)}
    assert timedelta(days=3) < spans[-1] <= timedelta(days=6)
    assert ended.updated - ended.created >= timedelta(days=21)


def test_a_timer_of_more_than_six_days_cannot_be_canceled_and_holds_the_instance_for_three() -> None:
    def event_or_week(context: Any) -> Generator[Any, Any, Any]:
        week = context.create_timer(context.current_utc_datetime + timedelta(days=7))
        event = context.wait_for_external_event("go")
        yield context.task_any([week, event])
        week.cancel()
        return "canceled"

    clock = VirtualClock()
    with running(table(event_or_week), clock=clock) as engine:
        engine.start_new("event_or_week", "i")
        engine.raise_event("i", "go")
        with clock_moves_on(clock, timedelta(hours=1)):
            ended = engine.wait("i", LONG)
    assert ended.output == '"canceled"'
    assert ended.updated - ended.created >= timedelta(days=3)


@contextmanager
def clock_moves_on(clock: VirtualClock, span: timedelta) -> Iterator[None]:
    """Let time pass in a thread of its own: the engine may arm its timer at any moment."""
    stopped = threading.Event()

    def tick() -> None:
        while not stopped.wait(0.001):
            clock.advance(span)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        yield
    finally:
        stopped.set()
        ticker.join()


def test_a_timer_that_is_due_at_once_fires_at_once() -> None:
    def hundred_naps(context: Any) -> Generator[Any, Any, Any]:
        for _ in range(100):
            yield context.create_timer(context.current_utc_datetime)

    with running(table(hundred_naps), clock=SystemClock()) as engine:
        assert engine.wait(engine.start_new("hundred_naps"), LONG).runtime_status == "Completed"


def test_no_more_activities_run_at_once_than_allowed() -> None:
    lock, now, most = threading.Lock(), [0], [0]
    both_in = threading.Barrier(2, timeout=LONG)

    def busy(payload: Any) -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both_in.wait()
        with lock:
            now[0] -= 1
        return payload

    with running(table(square=busy), max_activities=2) as engine:
        engine.wait(engine.start_new("fan_out", input_json='"10"'), LONG)
    assert most == [2]


def test_a_failing_activity_fails_its_orchestration_with_its_text() -> None:
    def explode(_payload: Any) -> None:
        raise ValueError("boom")

    with running(table(explode=explode)) as engine:
        ended = engine.wait(engine.start_new("fails"), LONG)
    assert ended.runtime_status is RuntimeStatus.FAILED
    assert (ended.output or "").startswith(
        "Orchestrator function 'fails' failed: Activity function 'explode' failed:  ValueError: boom"
    )


def test_changed_code_is_found_after_a_restart(tmp_path: Path) -> None:
    def version(name: str) -> Callable[[Any], Generator[Any, Any, Any]]:
        def release(context: Any) -> Generator[Any, Any, Any]:
            yield context.call_activity("echo", name)
            yield context.call_activity("square", 1)
            yield context.wait_for_external_event("go")

        return release

    path, first_is_recorded = tmp_path / "state.db", threading.Event()
    with running(table(version("old"), square=lambda _payload: first_is_recorded.set()), path) as engine:
        engine.start_new("release", "i")
        assert first_is_recorded.wait(LONG)
    with running(table(version("new")), path) as engine:
        engine.raise_event("i", "go")
        ended = engine.wait("i", LONG)
    assert ended.runtime_status is RuntimeStatus.FAILED
    assert "records activity 'echo' with input \"old\"" in (ended.output or "")
    assert "now schedules activity 'echo' with input \"new\"" in (ended.output or "")


def test_a_rewound_parent_takes_its_failed_child_along() -> None:
    attempts = itertools.count(1)

    def flaky(_payload: Any) -> str:
        if next(attempts) == 1:
            raise ValueError("first")
        return "worked"

    def above(context: Any) -> Generator[Any, Any, Any]:
        return (yield context.call_sub_orchestrator("flaky_child", None, instance_id="below"))

    with running(table(above, flaky=flaky)) as engine:
        engine.start_new("above", "i")
        assert engine.wait("i", LONG).runtime_status is RuntimeStatus.FAILED
        engine.rewind("i", "try again")
        ended = engine.wait("i", LONG)
        child = engine.status("below")
    assert (ended.runtime_status, ended.output) == ("Completed", '"worked"')
    assert child is not None
    assert child.runtime_status is RuntimeStatus.COMPLETED


def test_work_that_outlasts_the_grace_is_left_for_the_next_start(tmp_path: Path) -> None:
    entered, release, left = threading.Event(), threading.Event(), threading.Event()

    def slow(payload: Any) -> Any:
        entered.set()
        release.wait(LONG)
        left.set()
        return payload

    path = tmp_path / "state.db"
    store = Store(path)
    engine = Engine(table(square=slow), store)
    engine.start()
    engine.start_new("chain", "i", '"1"')
    assert entered.wait(LONG)
    assert not engine.stop(grace_seconds=0.01)
    release.set()
    assert left.wait(LONG)
    assert engine.stop(LONG)
    store.close()

    with running(table(square=lambda _payload: 42), path) as again:
        assert again.wait("i", LONG).output == "42"


def test_terminate_ends_an_instance_whose_activity_still_runs() -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(payload: Any) -> Any:
        entered.set()
        release.wait(LONG)
        return payload

    with running(table(square=slow)) as engine:
        engine.start_new("chain", "i", '"5"')
        assert entered.wait(LONG)
        engine.terminate("i", "enough")
        assert engine.wait("i", LONG).output == '"enough"'
        release.set()
