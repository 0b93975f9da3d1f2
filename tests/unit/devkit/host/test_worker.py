"""The worker that runs user functions."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from devkit.host.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def worker() -> Iterator[Worker]:
    running = Worker()
    running.start()
    yield running
    running.stop()


def where(value: int) -> tuple[int, str]:
    return value, threading.current_thread().name


async def where_async(value: int) -> tuple[int, str, int]:
    return value, threading.current_thread().name, id(asyncio.get_running_loop())


def test_synchronous_functions_run_on_the_pool(worker: Worker) -> None:
    value, thread = worker.submit("where", where, {"value": 1}).result(10)
    assert value == 1
    assert thread.startswith("function_")


def test_asynchronous_functions_share_one_loop(worker: Worker) -> None:
    first, second = (worker.submit("where", where_async, {"value": 1}).result(10) for _ in range(2))
    assert first == second
    assert first[1] == "function-loop"


def test_an_activity_runs_on_a_thread_for_activities_or_on_the_loop(worker: Worker) -> None:
    assert worker.call_activity("where", where, {"value": 2})[1].startswith("activity-function_")
    assert worker.call_activity("where", where_async, {"value": 2})[1] == "function-loop"


def test_stopping_cancels_what_still_runs_on_the_loop() -> None:
    worker, entered, cancelled = Worker(), threading.Event(), threading.Event()

    async def forever() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    worker.start()
    worker.submit("forever", forever, {})
    assert entered.wait(10)
    worker.stop()
    assert cancelled.is_set()


def test_the_size_of_the_pool_is_the_workers_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", "1")
    worker = Worker()
    worker.start()
    first = threading.Event()
    blocked = worker.submit("wait", first.wait, {})
    second = worker.submit("where", where, {"value": 3})
    assert not second.done()
    first.set()
    assert blocked.result(10)
    assert second.result(10)[0] == 3
    worker.stop()
