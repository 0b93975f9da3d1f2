"""Timer functions in virtual time: when they fire, their TimerInfo, and calls that a restart makes up for."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.clock import VirtualClock
from tests.unit.devkit.host.serving import administer, serving
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.host.server import Host

pytestmark = pytest.mark.sockets

START = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
CODE = """
import json
import threading
from pathlib import Path
import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
FOLDER = Path({folder!r})
GATE = threading.Event()
GATE.set()

@app.timer_trigger(schedule={schedule!r}, arg_name="timer", run_on_startup={startup}, use_monitor={monitor})
def tick(timer: func.TimerRequest):
    with (FOLDER / "ticks").open("a") as ticks:
        ticks.write(json.dumps([timer.past_due, timer.schedule_status]) + chr(10))
    GATE.wait()
    if (FOLDER / "fail").exists():
        raise RuntimeError("deliberate")
    return "something" if (FOLDER / "return").exists() else None

@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
@app.durable_client_input(client_name="client")
async def starter(timer: func.TimerRequest, client) -> None:
    await client.start_new("flow", "from-a-timer", {{"late": timer.past_due}})

@app.orchestration_trigger(context_name="context")
def flow(context):
    return context.get_input()
    yield
"""


def write_app(
    folder: Path, schedule: str = "0 */5 * * * *", *, startup: bool = False, monitor: bool | None = None
) -> Path:
    code = CODE.format(folder=str(folder), schedule=schedule, startup=startup, monitor=monitor)
    (folder / "function_app.py").write_text(code)
    (folder / "host.json").write_text('{"version": "2.0"}')
    return folder


@contextmanager
def running(folder: Path, clock: VirtualClock) -> Iterator[Host]:
    with serving(folder / "state.db", app=folder, clock=clock) as host:
        yield host


def ticks(folder: Path) -> list[Any]:
    file = folder / "ticks"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def wait_for(folder: Path, count: int) -> list[Any]:
    until(lambda: len(ticks(folder)) >= count)
    return ticks(folder)


def armed(host: Host, name: str = "tick") -> datetime:
    """Wait until no call is under way, and return when the next is due."""
    until(lambda: host._timers._running == 0)
    return host._timers._timers[name].status.next


def test_a_timer_fires_when_it_is_due_and_knows_its_times(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    with running(write_app(tmp_path), clock) as host:
        for count in (1, 2):
            clock.advance_to(armed(host))
            wait_for(tmp_path, count)
        assert armed(host) == START.replace(minute=15, second=0)
    (late, first), (_, second) = ticks(tmp_path)
    assert late is False
    assert first["Next"] == "2026-01-01T00:05:00+00:00"
    assert first["Last"].startswith("0001-01-01")
    assert second["Last"] == "2026-01-01T00:05:00+00:00"


def test_a_missed_run_is_made_up_for_once_at_the_next_start(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    with running(write_app(tmp_path), clock):
        pass
    clock.advance(timedelta(hours=1))
    with running(tmp_path, clock) as host:
        ((late, status),) = wait_for(tmp_path, 1)
        assert late is True
        assert status["Next"] == "2026-01-01T00:05:00+00:00"
        assert armed(host) == datetime(2026, 1, 1, 1, 5, tzinfo=UTC)
    with running(tmp_path, clock) as host:
        assert armed(host) == datetime(2026, 1, 1, 1, 5, tzinfo=UTC)
    assert len(ticks(tmp_path)) == 1


@pytest.mark.parametrize(("schedule", "monitor"), [("0 */5 * * * *", False), ("*/20 * * * * *", None)])
def test_without_a_monitor_or_with_a_frequent_schedule_nothing_is_made_up_for(
    tmp_path: Path, schedule: str, *, monitor: bool | None
) -> None:
    clock = VirtualClock(START)
    write_app(tmp_path, schedule, monitor=monitor)
    with running(tmp_path, clock):
        pass
    clock.advance(timedelta(hours=1))
    with running(tmp_path, clock) as host:
        clock.advance_to(armed(host))
        assert wait_for(tmp_path, 1)[0] == [False, {}]


def test_a_changed_schedule_is_not_past_due(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    with running(write_app(tmp_path), clock):
        pass
    clock.advance(timedelta(hours=1))
    with running(write_app(tmp_path, "0 30 * * * *"), clock) as host:
        assert armed(host) == datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
    assert ticks(tmp_path) == []


def test_run_on_startup_runs_at_every_start(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    write_app(tmp_path, startup=True)
    for count in (1, 2):
        with running(tmp_path, clock):
            assert wait_for(tmp_path, count)[-1][0] is False


def test_calls_by_hand_run_beside_that_of_the_schedule_which_runs_alone(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    with running(write_app(tmp_path), clock) as host:
        gate = sys.modules["function_app"].GATE
        gate.clear()
        try:
            clock.advance_to(host._timers._timers["tick"].status.next)
            wait_for(tmp_path, 1)
            clock.advance(timedelta(hours=1))  # the schedule's next call waits for the end of this one
            assert administer(host, "POST", "functions/tick", json={}).status_code == 202
            (_, first), (_, by_hand) = wait_for(tmp_path, 2)
        finally:
            gate.set()
        assert wait_for(tmp_path, 3)[2][0] is False
        assert armed(host) == datetime(2026, 1, 1, 1, 10, tzinfo=UTC)
        assert administer(host, "POST", "functions/nobody", json={}).status_code == 404
    assert first["LastUpdated"].startswith("0001-01-01")
    assert by_hand["LastUpdated"] == START.isoformat()  # its stored status


def test_a_failing_function_is_called_again_at_its_next_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(START)
    (tmp_path / "fail").touch()
    with running(write_app(tmp_path), clock) as host:
        for count in (1, 2):
            clock.advance_to(armed(host))
            wait_for(tmp_path, count)
        armed(host)
    assert "timer function 'tick' failed" in caplog.text
    assert "RuntimeError: deliberate" in caplog.text


def test_a_function_that_returns_something_has_failed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(START)
    (tmp_path / "return").touch()
    with running(write_app(tmp_path), clock) as host:
        clock.advance_to(armed(host))
        wait_for(tmp_path, 1)
        armed(host)
    assert "function 'tick' has no $return binding, but returned a value, a str" in caplog.text


def test_a_timer_function_starts_orchestrations(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    with running(write_app(tmp_path), clock) as host:
        assert administer(host, "POST", "functions/starter").status_code == 202
        done = until(lambda: (found := host.engine.status("from-a-timer")) and found.runtime_status.terminal and found)
        assert json.loads(done.output) == {"late": False}
