"""Histories are purged by the real durable client: in windows, never that of a running instance, whatever fails."""

from __future__ import annotations

import asyncio
import socket
import threading
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from azure.durable_functions import DurableOrchestrationClient

from devkit.host.clock import VirtualClock
from devkit.host.sdk import close_client_session
from kiln.errors import TaskHubUnavailable
from kiln.retention import histories
from kiln.retention.histories import BEGINNING, NARROWEST, PATH, WIDEST, LatestPurge, PurgeProgress, purge_histories
from kiln.runs.documents import documents
from tests.own_clients import own_clients
from tests.poison import poisoned
from tests.unit.devkit.host.serving import REPOSITORY, administer, serving
from tests.waiting import until
from triggers import orchestrations
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from devkit.host.server import Host
    from devkit.local.in_process import InProcessAzure

STAND_IN = REPOSITORY / "tests/contract/kiln_api/stand_in"


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    with own_clients(local_azure.environment(f"ph{uuid.uuid4().hex[:12]}")):
        yield


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(BEGINNING)


@pytest.fixture
def host(tmp_path: Path, clock: VirtualClock) -> Iterator[Host]:
    with serving(tmp_path / "hub.db", clock=clock) as running:
        yield running


class Counting(DurableOrchestrationClient):  # type: ignore[misc]  # azure-functions-durable has no types
    """The SDK's client, with a count of what each purge deleted."""

    def __init__(self, binding: str) -> None:
        super().__init__(binding)
        self.deleted: list[int] = []

    async def purge_instance_history_by(self, *conditions: Any) -> Any:
        done = await super().purge_instance_history_by(*conditions)
        self.deleted.append(done.instances_deleted)
        return done


def look(host: Host, before: datetime, *, at_once: int = 1) -> list[int]:
    """Look once, or with so many at once. Returns how much each purge of the first look deleted."""

    async def ask() -> list[int]:
        binding = host._client_json(SimpleNamespace(task_hub=None))
        clients = [Counting(binding) for _ in range(at_once)]
        try:
            await asyncio.gather(*(purge_histories(DurableOrchestrations(each), before) for each in clients))
        finally:
            await close_client_session()
        return clients[0].deleted

    return asyncio.run(ask())


def over(host: Host, *names: str) -> None:
    for name in names:
        host.engine.start_new("chain", name, "1")
        host.engine.wait(name, 30)


def left(host: Host) -> set[str]:
    return {each.instance_id for each in host.engine.query()}


def test_what_is_old_and_over_goes_day_by_day_and_what_runs_or_is_young_stays(host: Host, clock: VirtualClock) -> None:
    clock.advance(timedelta(hours=1))
    host.engine.start_new("sleep_then_wait", "running")
    for day in range(4):
        over(host, *(f"{day}-{number}" for number in range(5)))
        clock.advance(timedelta(days=1))
    host.engine.start_new("parent", "parent", None)
    host.engine.wait("parent", 30)
    clock.advance(timedelta(hours=1))
    before = clock.now()
    clock.advance(timedelta(hours=1))
    over(host, "young")

    deleted = look(host, before)

    assert left(host) == {"running", "young"}, "sub-orchestrations go as well"
    assert deleted == [5, 5, 5, 5, 3, 0], "a day at a time, and last what ended late"
    assert look(host, before) == [0]


def test_what_ended_after_its_window_was_looked_at_goes_too(host: Host, clock: VirtualClock) -> None:
    host.engine.start_new("sleep_then_wait", "late")
    clock.advance(timedelta(days=2))
    look(host, clock.now())
    assert left(host) == {"late"}
    host.engine.terminate("late", "enough")
    host.engine.wait("late", 30)

    look(host, clock.now())

    assert left(host) == set()


def test_a_look_goes_on_where_the_last_one_was_stopped(
    host: Host, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(host, "a")
    clock.advance(timedelta(days=3, minutes=30))
    over(host, "b")
    clock.advance(timedelta(hours=1))
    with monkeypatch.context() as patch:
        patch.setattr(histories, "ROUND", -1.0)
        look(host, clock.now())
    assert left(host) == {"a", "b"}
    LatestPurge().keep(PurgeProgress(until=BEGINNING + timedelta(days=2), width=WIDEST))

    assert look(host, clock.now()) == [0, 1, 1], "two windows, and then what was left before them"


def test_one_that_cannot_be_purged_is_passed_over_and_stops_no_other(
    host: Host, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Older hosts answer 500 then, and purge none of those that come after it."""
    over(host, "a")
    clock.advance(timedelta(hours=1))
    over(host, "bad")
    clock.advance(timedelta(hours=1))
    over(host, "b")
    clock.advance(timedelta(days=2))
    over(host, "c")
    clock.advance(timedelta(hours=1))
    purge = host.engine.purge

    def fails(instance_id: str) -> bool:
        if instance_id == "bad":
            raise RuntimeError("Not Found")
        return purge(instance_id)

    with monkeypatch.context() as patch:
        patch.setattr(host.engine, "purge", fails)
        look(host, clock.now())

    assert left(host) == {"bad"}
    assert "cannot all be purged" in caplog.text
    look(host, clock.now())
    assert left(host) == set(), "it is tried again each time"


def test_what_takes_too_long_is_asked_for_by_halves_and_the_host_goes_on_with_it(
    host: Host, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    over(host, "a")
    clock.advance(timedelta(days=1, hours=1))
    free, done, purge = threading.Event(), threading.Event(), host.engine.purge

    def slow(instance_id: str) -> bool:
        free.wait(30)
        purged = purge(instance_id)
        done.set()
        return purged

    with monkeypatch.context() as patch:
        patch.setattr(host.engine, "purge", slow)
        patch.setattr(orchestrations, "PURGE_SECONDS", 0.2)
        assert look(host, clock.now()) == [], "it asks for nothing more"
        free.set()
        assert done.wait(30)

    assert LatestPurge().latest() == PurgeProgress(until=BEGINNING, width=WIDEST / 2)
    look(host, clock.now())
    assert left(host) == set()


def test_a_hub_that_does_not_answer_is_told_and_nothing_is_passed_over(
    host: Host, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(timedelta(days=1))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(host, "_port", closed.getsockname()[1])

        with pytest.raises(TaskHubUnavailable):
            look(host, clock.now())

    assert LatestPurge().latest() is None


def test_two_who_purge_at_once_purge_all_of_it(host: Host, clock: VirtualClock) -> None:
    for hour in range(6):
        over(host, *(f"{hour}-{number}" for number in range(5)))
        clock.advance(timedelta(hours=12))

    look(host, clock.now(), at_once=2)

    assert left(host) == set()
    known = LatestPurge().latest()
    assert known is not None
    assert known.until == clock.now()


def test_who_is_further_counts_and_a_bookmark_that_cannot_be_read_is_made_anew(host: Host, clock: VirtualClock) -> None:
    further = PurgeProgress(until=BEGINNING + timedelta(days=2), width=WIDEST)
    LatestPurge().keep(further)
    LatestPurge().keep(PurgeProgress(until=BEGINNING, width=NARROWEST))
    assert LatestPurge().latest() == further
    documents().delete(PATH)
    clock.advance(timedelta(days=1))

    with poisoned(PATH):
        look(host, clock.now())

        assert LatestPurge().latest() == PurgeProgress(until=clock.now(), width=WIDEST)


def test_the_timer_purges_what_is_older_than_the_setting(tmp_path: Path, clock: VirtualClock) -> None:
    with serving(tmp_path / "app.db", STAND_IN, clock) as host:
        host.engine.start_new("delete_template", "old", "{}")
        ended = host.engine.wait("old", 30)
        assert ended.runtime_status == "Failed"
        assert administer(host, "POST", "functions/purge_old", json={}).status_code == 202
        until(lambda: not left(host))
