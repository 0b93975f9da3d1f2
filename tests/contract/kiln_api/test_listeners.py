"""Many triggers that wait for one event: one that is broken does not disturb the others."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from kiln.automation.listeners import Listeners
from kiln.lifecycle import event_triggers, events
from kiln.lifecycle.events import ListenersFailed, take
from kiln.lifecycle.fire_trigger import take_and_fire
from kiln.runs.lineage import short_name
from kiln.runs.record import TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.triggers import Triggers
from tests.contract.kiln_api.firing_world import LISTENING, World, new_world
from tests.poison import WORD, poisoned
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.automation.pending_events import PendingEvent, PendingEvents
    from kiln.lifecycle.fire_trigger import Fired
    from kiln.lifecycle.orchestrations import Orchestrations

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")

TYPE = "Policy.Changed"
CATASTROPHE = "(a+)+$" * 20
FILTERS: dict[str, Any] = {
    "no filter": None,
    "no object": [TYPE],
    "no types": {},
    "types that are none": {"types": []},
    "one type alone": {"types": TYPE},
    "a type that is a number": {"types": [7]},
    "an empty type": {"types": [""]},
    "half a character": {"types": ["\ud800"]},
    "a type as long as a book": {"types": ["x" * 100_000]},
    "more types than are taken": {"types": [f"t{number}" for number in range(10_000)]},
    "more sources than are taken": {"types": [TYPE], "sources": ["/x"] * 10_000},
    "a subject as long as a book": {"types": [TYPE], "subjectBeginsWith": "x" * 100_000},
    "a subject that is a list": {"types": [TYPE], "subjectEndsWith": ["x"]},
    "Event Grid's operators": {"types": [TYPE], "advancedFilters": [{"operatorType": "StringMatches", "key": "x"}]},
    "an operator of nobody's": {"types": [TYPE], "subjectMatches": CATASTROPHE},
}
STORED = {name: given for name, given in FILTERS.items() if name != "half a character"}
"""The filters that JSON in UTF-8 can hold."""


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        yield made


@pytest.fixture
def another() -> Iterator[World]:
    with new_world() as made:
        yield made


def event(number: int = 1) -> dict[str, Any]:
    return {"specversion": "1.0", "id": str(number), "source": "/x", "type": TYPE, "subject": "rg-a"}


def hear(world: World, number: int = 1) -> str:
    return asyncio.run(take(event(number), DurableOrchestrations(world.hub), datetime.now(UTC)))


def stored(world: World, name: str, body: dict[str, Any]) -> None:
    """Let the template have a trigger as another version of Kiln may have written it, with its entries for events."""
    now = datetime.now(UTC)
    Triggers().put(TriggerRecord(template=world.id, name=name, kind="Event", body=body, created=now, changed=now))
    Listeners().add(world.id, name, (TYPE,))


@pytest.mark.parametrize("given", FILTERS.values(), ids=FILTERS)
def test_a_filter_that_is_none_is_refused_and_no_event_finds_it(world: World, given: Any) -> None:
    path = f"{world.id.arm}/triggers/hostile"
    answer = world.api("PUT", path, {"properties": {"kind": "Event", "filter": given}})

    assert answer.status == HTTPStatus.BAD_REQUEST, answer.body
    assert [listener for listener in Listeners().of(TYPE) if listener.template == world.id] == []


@pytest.mark.parametrize("given", STORED.values(), ids=STORED)
def test_a_filter_that_is_none_and_is_stored_all_the_same_keeps_no_other_trigger_from_its_event(
    world: World, another: World, given: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stored(another, "hostile", {"properties": {"kind": "Event", "filter": given}})
    world.put("listening", LISTENING)

    assert hear(world) == "fired 1 triggers"

    Listeners().drop(another.id, "hostile", (TYPE,))
    assert len(world.runs) == 1
    assert another.runs == []
    assert f"trigger hostile of {another.id.arm}" in caplog.text or f"{another.id.arm}/triggers/hostile" in caplog.text
    assert "x" * 1000 not in caplog.text


def test_a_pattern_is_compared_as_a_text_and_costs_no_time(world: World, another: World) -> None:
    hostile = {"types": [TYPE], "sources": [CATASTROPHE], "subjectBeginsWith": CATASTROPHE}
    for number in range(5):
        another.put(f"hostile{number}", {"kind": "Event", "filter": {**hostile, "subjectEndsWith": str(number)}})
    world.put("listening", {"kind": "Event", "filter": {"types": [TYPE]}})
    endless = {**event(), "source": "a" * 2000 + "!", "subject": "a" * 2000 + "!"}

    began = time.process_time()
    assert asyncio.run(take(endless, DurableOrchestrations(world.hub), datetime.now(UTC))) == "fired 1 triggers"
    assert time.process_time() - began < 10

    assert another.runs == []


@pytest.mark.parametrize("kind", ["triggers", "pending-events", "templates", "listeners"])
def test_what_cannot_be_read_of_one_keeps_no_other_from_its_event(
    world: World, another: World, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("listening", LISTENING)
    key = f"{another.id.key}-poisoned"
    name = another.id.model_copy(update={"name": f"{another.id.name}-poisoned"})
    paths = {
        "triggers": f"triggers/{another.id.key}/listening.json",
        "pending-events": f"pending-events/{another.id.key}/listening.json",
        "templates": f"templates/{key}.json",
        "listeners": f"{Listeners.folder(TYPE)}{key}/listening.json",
    }
    if kind == "templates":
        Listeners().add(name, "listening", (TYPE,))
    elif kind == "triggers":
        Listeners().add(another.id, "listening", (TYPE,))
    elif kind == "pending-events":
        stored(another, "listening", {"properties": LISTENING})

    with poisoned(paths[kind]):
        assert hear(world) == "fired 1 triggers"

    for template in (name, another.id):
        Listeners().drop(template, "listening", (TYPE,))
    assert len(world.runs) == 1
    assert another.id.key in caplog.text or another.id.arm in caplog.text
    assert WORD not in caplog.text


def test_one_that_fails_and_one_that_hangs_are_told_to_event_grid_once_all_others_were_fired(
    world: World, another: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("listening", LISTENING)
    another.put("failing", LISTENING)
    another.put("hanging", {**LISTENING, "filter": {"types": [TYPE]}})
    fire = take_and_fire

    async def troubled(
        hub: Orchestrations, pending_events: PendingEvents, pending_event: PendingEvent, now: datetime
    ) -> Fired | None:
        if pending_events.trigger == "hanging":
            await asyncio.Event().wait()
        if pending_events.trigger == "failing":
            raise ConnectionError("no route to host")
        return await fire(hub, pending_events, pending_event, now)

    with monkeypatch.context() as patch:
        patch.setattr(event_triggers, "take_and_fire", troubled)
        patch.setattr(event_triggers, "SECONDS", 5.0)
        with pytest.raises(ListenersFailed, match=r"failing: ConnectionError: no route to host and 1 more"):
            hear(world)
    assert len(world.runs) == 1
    assert another.runs == []

    assert hear(world) == "fired 3 triggers", "the event comes again"
    assert len(world.runs) == 1
    assert len(another.runs) == 1


def test_a_trigger_that_fails_keeps_no_rebuild_from_its_start(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    async def rebuild(_event: object, fired: int, *_: object) -> str:
        taken.append(fired)
        return "rebuild-1"

    async def failing(*_: object) -> None:
        raise ConnectionError("no route to host")

    world.put("listening", LISTENING)
    monkeypatch.setattr(events, "_taken", rebuild)
    monkeypatch.setattr(event_triggers, "take_and_fire", failing)

    with pytest.raises(ListenersFailed):
        hear(world)
    assert taken == [0]


def test_an_event_of_a_run_that_cannot_be_read_fires_who_waits_and_never_its_own_template(
    world: World, another: World
) -> None:
    run = another.run()
    for each in (world, another):
        each.put("listening", {"kind": "Event", "filter": {"types": ["Kiln.Build.Succeeded"]}})
    path = Runs.path(run.template, run.run_id)
    Runs().delete(run.template, run.run_id)

    with poisoned(path):
        fired = world.hear("a", type_="Kiln.Build.Succeeded", source=run.template.arm, subject=run.run_id)

    assert fired == 1
    (own,) = world.runs
    assert own.cause is not None
    assert own.cause.lineage == (short_name(another.id),)
