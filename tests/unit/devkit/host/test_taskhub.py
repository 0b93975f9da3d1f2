"""The task hub: the records that each transaction leaves, and the work that it sets free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devkit.host.clock import VirtualClock
from devkit.host.control import Control
from devkit.host.episode import decide
from devkit.host.protocol import EventType, RuntimeStatus, event
from devkit.host.store import Store
from devkit.host.taskhub import InstanceExistsError, TaskHub
from tests.unit.devkit.host.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.host.records import Outbox


class Bench:
    """A hub whose episodes and activities the test runs by hand."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.store = Store(":memory:")
        self.restart()

    def restart(self) -> Outbox:
        self.hub = TaskHub(self.store, self.clock)
        self.control = Control(self.hub, self.store, self.clock)
        return self.hub.recover()

    def start(self, name: str, data: str | None = None) -> None:
        self.control.start_new(name, "i", data, None)

    def episode(self, instance_id: str = "i") -> Outbox:
        loaded = self.hub.load(instance_id)
        assert loaded is not None
        return self.hub.commit(loaded, decide(table(), loaded))

    def status(self, instance_id: str = "i") -> RuntimeStatus:
        instance = self.store.instance(instance_id)
        assert instance is not None
        return instance.runtime_status

    def complete(self, outbox: Outbox, result: str = "1") -> Outbox:
        (work,) = outbox.activities
        done = event(EventType.TASK_COMPLETED, self.clock.now(), TaskScheduledId=work.task_id, Result=result)
        return self.hub.complete_activity(work, done)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.store.close()


def test_work_is_found_again_after_a_restart_at_any_point(bench: Bench) -> None:
    bench.start("chain", '"1"')
    assert bench.restart().ready == ["i"]
    scheduled = bench.episode()
    assert bench.restart().activities == scheduled.activities
    bench.complete(scheduled, "0")
    assert bench.restart().ready == ["i"]
    assert bench.episode().finished == ["i"]
    nothing = bench.restart()
    assert (nothing.ready, nothing.activities, nothing.timers) == ([], [], [])


def test_timers_are_armed_again_after_a_restart(bench: Bench) -> None:
    bench.start("sleep_then_wait")
    armed = bench.episode().timers
    assert bench.restart().timers == armed
    bench.clock.advance_to(armed[0][0])
    assert bench.restart().ready == ["i"]


def test_a_second_result_of_an_activity_is_dropped(bench: Bench) -> None:
    bench.start("chain", '"2"')
    scheduled = bench.episode()
    assert bench.complete(scheduled, "0").ready == ["i"]
    assert bench.complete(scheduled, "99").ready == []


def test_a_result_for_an_overwritten_instance_is_dropped(bench: Bench) -> None:
    bench.start("chain", '"1"')
    scheduled = bench.episode()
    bench.control.terminate("i", "")
    bench.episode()
    bench.start("chain", '"1"')
    assert bench.complete(scheduled).ready == []


def test_an_episode_of_an_instance_that_was_overwritten_meanwhile_changes_nothing(bench: Bench) -> None:
    bench.start("chain", '"0"')
    loaded = bench.hub.load("i")
    assert loaded is not None
    decision = decide(table(), loaded)
    bench.hub.forget("i")
    bench.start("chain", '"5"')
    bench.hub.commit(loaded, decision)
    assert bench.status() is RuntimeStatus.PENDING


def test_a_running_instance_is_not_overwritten(bench: Bench) -> None:
    bench.start("chain", '"1"')
    with pytest.raises(InstanceExistsError, match="with the status Pending already exists"):
        bench.start("chain", '"1"')


def test_a_parent_hears_of_a_child_that_cannot_be_started(bench: Bench) -> None:
    bench.control.start_new("chain", "i-child", '"1"', None)
    bench.start("parent")
    bench.episode()
    bench.episode()
    assert bench.status() is RuntimeStatus.RUNNING  # the other child is still open
    failed = [item for item in bench.store.history("i") if item["EventType"] == EventType.SUB_ORCHESTRATION_FAILED]
    assert "'i-child': An Orchestration instance with the status Pending" in failed[0]["Reason"]


def test_a_failed_commit_does_not_spoil_the_cached_history(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.start("chain", '"1"')
    loaded = bench.hub.load("i")
    assert loaded is not None
    decision = decide(table(), loaded)
    with monkeypatch.context() as broken:

        def full(*_row: object) -> None:
            raise OSError("disk full")

        broken.setattr(bench.store, "put_instance", full)
        with pytest.raises(OSError, match="disk full"):
            bench.hub.commit(loaded, decision)
    assert bench.store.history("i") == []
    assert len(bench.episode().activities) == 1


def test_suspension_is_kept_over_a_restart(bench: Bench) -> None:
    bench.start("chain", '"1"')
    scheduled = bench.episode()
    bench.control.suspend("i", "")
    bench.episode()
    assert bench.status() is RuntimeStatus.SUSPENDED
    bench.complete(scheduled, "0")
    bench.restart()
    assert bench.hub.load("i") is None
    bench.control.resume("i", "")
    assert bench.episode().finished == ["i"]


def test_rewind_runs_a_failed_activity_again(bench: Bench) -> None:
    bench.control.start_new("parent", "p", None, None)
    bench.episode("p")
    bench.episode("p-child")
    fail = event(EventType.TASK_FAILED, bench.clock.now(), TaskScheduledId=0, Reason="no", Details="")
    (work, *_) = bench.store.activities()
    bench.hub.complete_activity(work, fail)
    bench.episode("p-child")
    assert bench.status("p-child") is RuntimeStatus.FAILED
    bench.control.terminate("p", "")
    bench.episode("p")
    bench.control.rewind("p-child", "again")
    again = bench.episode("p-child")
    assert bench.complete(again, "9").ready == ["p-child"]
    bench.episode("p-child")
    assert bench.status("p-child") is RuntimeStatus.COMPLETED
