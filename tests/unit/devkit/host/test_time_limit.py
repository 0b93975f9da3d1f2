"""Calls of functions that take longer than the host's functionTimeout."""

from __future__ import annotations

import sys
from concurrent.futures import Future, wait
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from devkit.host.server import Limits
from devkit.host.time_limit import FunctionTimeoutError, TimeLimit
from tests.unit.devkit.host.serving import administer, serving
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.host.server import Host

AT_ONCE = timedelta(milliseconds=50)
CODE = """
import threading
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
GATE = threading.Event()

@app.route(route="slow")
def slow(req: func.HttpRequest) -> func.HttpResponse:
    GATE.wait()
    return func.HttpResponse()

@app.event_grid_trigger(arg_name="event")
def heard(event: func.EventGridEvent) -> None:
    GATE.wait()

@app.activity_trigger(input_name="x")
def stuck(x: str) -> str:
    GATE.wait()
    return x

@app.orchestration_trigger(context_name="context")
def flow(context):
    return (yield context.call_activity("stuck", "x"))
"""
GRID = {
    "id": "1", "topic": "/t", "subject": "s", "eventType": "Good", "eventTime": "2026-01-01T00:00:00Z",
    "data": {}, "dataVersion": "1", "metadataVersion": "1",
}  # fmt: skip


def call(limit: TimeLimit, name: str = "f") -> tuple[Future[Any], Future[Any]]:
    inner: Future[Any] = Future()
    inner.set_running_or_notify_cancel()
    return inner, limit.bound(name, inner, Future())


def test_a_call_that_ends_in_time_has_its_result_or_its_error() -> None:
    limit = TimeLimit(timedelta(minutes=1))
    limit.start()
    (good, returned), (bad, raised) = call(limit), call(limit)
    assert limit.stray
    good.set_result(1)
    bad.set_exception(ValueError("mine"))
    assert returned.result(10) == 1
    with pytest.raises(ValueError, match="mine"):
        raised.result(10)
    assert not limit.stray
    limit.stop()


def test_one_that_is_too_late_fails_and_what_ran_beside_it_is_lost_until_its_own_time_is_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limit = TimeLimit(AT_ONCE)
    (_, late), (beside, lost) = call(limit, "slow"), call(limit, "beside")
    limit.start()
    with pytest.raises(FunctionTimeoutError, match=r"of 0:00:00.05.* was exceeded by function: Functions.slow"):
        late.result(10)
    beside.set_result("nobody hears of it")
    with pytest.raises(FunctionTimeoutError, match=r"Functions.beside"):
        lost.result(10)
    assert caplog.text.count("Azure restarts the worker") == 1
    assert limit.stray  # the late one runs on
    limit.stop()


def test_without_a_limit_nothing_is_too_late() -> None:
    limit = TimeLimit(None)
    limit.start()
    inner, outer = call(limit)
    assert wait([outer], timeout=0.05).not_done
    inner.set_result(1)
    assert outer.result(10) == 1
    limit.stop()


@contextmanager
def stuck(folder: Path, limits: Limits) -> Iterator[Host]:
    """Serve functions that wait until this ends."""
    (folder / "function_app.py").write_text(CODE)
    with serving(folder / "hub.db", folder, limits=limits) as host:
        try:
            yield host
        finally:
            sys.modules["function_app"].GATE.set()


@pytest.mark.sockets
def test_a_late_function_fails_its_request_its_event_and_its_orchestration(tmp_path: Path) -> None:
    with stuck(tmp_path, Limits(function=AT_ONCE)) as host:
        assert httpx.get(f"{host.address}/api/slow").status_code == 500
        key = administer(host, "GET", "host/systemkeys/eventgrid_extension").json()["value"]
        where = f"{host.address}/runtime/webhooks/eventgrid?functionName=heard&code={key}"
        answer = httpx.post(where, json=[GRID], headers={"aeg-event-type": "Notification"})
        assert answer.status_code == 500
        assert "was exceeded by function: Functions.heard" in answer.text
        host.engine.start_new("flow", "late")
        done = until(lambda: (found := host.engine.status("late")) and found.runtime_status.terminal and found)
        assert "Activity function 'stuck' failed: Timeout value of" in done.output


@pytest.mark.sockets
def test_a_response_is_waited_for_no_longer_than_the_front_end_does(tmp_path: Path) -> None:
    with stuck(tmp_path, Limits(response_seconds=0.05)) as host:
        assert httpx.get(f"{host.address}/api/slow").status_code == 504
