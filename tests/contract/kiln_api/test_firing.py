"""Schedule, Webhook and Event triggers, from the pending event to its one run, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kiln.automation.pending_events import AllPendingEvents, PendingEvent, take
from kiln.automation.trigger_secrets import TriggerSecrets
from kiln.lifecycle import parallel, schedules
from kiln.lifecycle.fire_trigger import take_and_fire
from kiln.lifecycle.schedules import fire_due
from kiln.lifecycle.start_run import start_run
from kiln.runs.documents import documents
from kiln.runs.lineage import short_name
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.record import RunRecord, RunState
from kiln.runs.runs import Runs
from kiln.runs.triggers import Triggers
from tests.contract.kiln_api.firing_world import LISTENING, SECRET, World, new_world
from tests.contract.kiln_api.task_hub import TaskHub
from tests.poison import WORD, poisoned
from triggers.orchestrations import DurableOrchestrations
from triggers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.automation.pending_events import PendingEvents
    from kiln.lifecycle.orchestrations import Orchestrations
    from tests.contract.kiln_api.in_process import Answer

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")

NIGHTLY = {"kind": "Schedule", "schedule": "0 3 * * *"}
WEBHOOK = {"kind": "Webhook", "secret": SECRET}


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        yield made


@pytest.fixture
def another() -> Iterator[World]:
    with new_world() as made:
        yield made


def next_night() -> datetime:
    night = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0)
    return night if night > datetime.now(UTC) else night + timedelta(days=1)


def test_a_schedule_fires_once_at_its_time(world: World) -> None:
    world.put("nightly", NIGHTLY)
    night = next_night()
    world.look(night - timedelta(seconds=1))
    assert world.runs == []
    for late in (0, 1, 30):
        world.look(night + timedelta(seconds=late))
    (run,) = world.runs
    assert (run.requested, run.cause and run.cause.trigger) == (night, "nightly")
    assert world.hub.started == [("build_image", run.instance_id)]


def test_looks_that_were_missed_are_caught_up_with_by_one_run(world: World) -> None:
    world.put("nightly", NIGHTLY)
    third = next_night() + timedelta(days=2)
    world.look(third + timedelta(hours=5))
    assert [run.requested for run in world.runs] == [third]


def test_two_looks_at_once_start_one_run(world: World) -> None:
    world.put("nightly", NIGHTLY)
    night = next_night()

    async def both() -> None:
        await asyncio.gather(*(fire_due(DurableOrchestrations(world.hub), night) for _ in range(4)))

    asyncio.run(both())
    assert len(world.runs) == 1
    assert len(world.hub.started) == 1


def test_a_trigger_that_cannot_be_read_and_one_that_hangs_keep_no_other_from_its_time(
    world: World, another: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("nightly", NIGHTLY)
    another.put("nightly", NIGHTLY)
    night = datetime.now(UTC) + timedelta(days=1)
    look, parts = schedules._look, world.id.key

    async def hang(orchestrations: Orchestrations, pending_events: PendingEvents, now: datetime) -> None:
        if pending_events.template == another.id:
            await asyncio.sleep(3600)
        await look(orchestrations, pending_events, now)

    monkeypatch.setattr(schedules, "_look", hang)
    monkeypatch.setattr(parallel, "SECONDS", 1.0)
    paths = (
        f"pending-events/{parts}-a/nightly.json",
        f"pending-events/{parts}-b/broken.json",
        f"triggers/{parts}/broken.json",
    )
    with poisoned(*paths):
        nightly = Triggers().require(world.template, "nightly")
        broken = nightly.model_copy(update={"name": "broken"})
        AllPendingEvents().set(broken, datetime.now(UTC) - timedelta(days=2))
        world.look(night)
        AllPendingEvents().drop(world.id, "broken")

    assert len(world.runs) == 1
    assert another.runs == []
    assert all(path in caplog.text for path in paths[:2])
    assert f"trigger broken of {world.id.arm} could not be checked" in caplog.text
    assert f"trigger nightly of {another.id.arm} could not be checked" in caplog.text
    assert WORD not in caplog.text


def test_storing_a_trigger_again_catches_up_with_nothing(world: World) -> None:
    world.put("nightly", NIGHTLY)
    pending_events = AllPendingEvents().get(world.id, "nightly")
    assert pending_events is not None
    long_ago = pending_events.handled - timedelta(days=10)
    AllPendingEvents().change(pending_events, lambda known: known.model_copy(update={"handled": long_ago}))
    world.put("nightly", NIGHTLY)
    world.look(datetime.now(UTC))
    assert world.runs == []


def test_next_times_are_shown_in_the_zone_that_counts(world: World) -> None:
    status = world.put("nightly", {**NIGHTLY, "timeZone": "Asia/Tokyo"}).body["properties"]["status"]
    assert status["code"] == "Healthy"
    assert [time[11:16] for time in status["nextTimes"]] == ["18:00"] * 3
    off = world.put("nightly", {**NIGHTLY, "enabled": False}).body["properties"]
    assert off["status"]["code"] == "Inactive"
    assert "switched off" in off["status"]["message"]
    assert "nextTimes" not in off["status"]
    world.look(next_night() + timedelta(minutes=1))
    assert world.runs == []


def test_a_schedule_waits_for_the_run_that_is_going_and_for_the_cool_down(world: World) -> None:
    world.put("nightly", {**NIGHTLY, "coolDown": "PT1H"})
    night = next_night()
    assert world.api("POST", f"{world.id.arm}/run").status == 202
    world.look(night)
    assert len(world.runs) == 1
    world.end(at=night + timedelta(minutes=10))
    world.look(night + timedelta(minutes=69))
    assert len(world.runs) == 1
    world.look(night + timedelta(minutes=70))
    assert len(world.runs) == 2
    assert [run.cause and run.cause.trigger for run in world.runs] == [None, "nightly"]


def test_a_crash_between_the_record_and_the_start_is_made_good_by_the_next_look(world: World) -> None:
    world.put("nightly", NIGHTLY)
    night = next_night()

    async def die() -> None:
        raise RuntimeError("deliberate")

    world.hub.before_start = die
    world.look(night)
    assert len(world.runs) == 1
    assert world.hub.started == []
    world.hub = TaskHub()
    world.look(night + timedelta(minutes=1))
    assert [run.instance_id for run in world.runs] == [instance for _, instance in world.hub.started]
    world.look(night + timedelta(minutes=2))
    assert len(world.hub.started) == 1


def test_failures_in_a_row_end_it_and_a_success_begins_it_again(world: World) -> None:
    world.put("hourly", {"kind": "Schedule", "schedule": "0 * * * *", "failureLimit": 2})
    hour = next_night()
    for number in range(5):
        world.look(hour + timedelta(hours=number))
        if world.runs and not world.runs[-1].state.is_final:
            world.end(RunState.FAILED, at=hour + timedelta(hours=number, minutes=5))
    assert len(world.runs) == 2
    by_hand = hour + timedelta(hours=6)
    name = run_id(by_hand, "00000001")
    asyncio.run(
        start_run(DurableOrchestrations(world.hub), world.id, name, lambda known: new_run(known, by_hand, "00000001"))
    )
    world.end(at=by_hand)
    world.look(hour + timedelta(hours=7))
    assert len(world.runs) == 4


def test_a_signed_request_starts_a_run_and_the_same_again_does_not(world: World) -> None:
    world.put("hook", WEBHOOK)
    headers = world.signed()
    first = world.fire("hook", headers)
    assert first.status == 202
    assert world.fire("hook", headers).body == first.body
    world.end()
    assert world.fire("hook", headers).status == 202
    assert len(world.runs) == 1
    assert world.fire("hook", world.signed(b'{"n": 2}'), b'{"n": 2}').status == 202
    assert len(world.runs) == 2


def test_requests_during_a_run_are_one_run_after_it(world: World) -> None:
    world.put("hook", WEBHOOK)
    for number in range(4):
        body = b"%d" % number
        assert world.fire("hook", world.signed(body), body).status == 202
    assert len(world.runs) == 1
    world.end()
    now = datetime.now(UTC)
    world.look(now)
    assert len(world.runs) == 2
    world.end()
    world.look(now + timedelta(minutes=5))
    assert len(world.runs) == 2


def test_a_batch_window_gathers_requests(world: World) -> None:
    world.put("hook", {**WEBHOOK, "batchWindow": "PT10M"})
    for number in range(3):
        body = b"%d" % number
        world.fire("hook", world.signed(body), body)
    now = datetime.now(UTC)
    world.look(now + timedelta(minutes=9))
    assert world.runs == []
    world.look(now + timedelta(minutes=10))
    assert len(world.runs) == 1


def refusals(world: World) -> dict[str, Answer]:
    world.put("hook", WEBHOOK)
    world.put("twin", WEBHOOK)
    world.put("nightly", NIGHTLY)
    late, body = world.signed(age=301), b"{}"
    good = world.signed()
    return {
        "unsigned": world.fire("hook", {}),
        "wrong secret": world.fire("hook", world.signed(secret="y" * 40)),
        "another body": world.fire("hook", good, b"[]"),
        "too old": world.fire("hook", late),
        "from the future": world.fire("hook", world.signed(age=-302)),
        "another timestamp": world.fire("hook", {**good, TIMESTAMP_HEADER: late[TIMESTAMP_HEADER]}),
        "no timestamp": world.fire("hook", {SIGNATURE_HEADER: good[SIGNATURE_HEADER]}),
        "not hex": world.fire("hook", {**good, SIGNATURE_HEADER: "sha256=" + "Z" * 64}),
        "not ascii": world.fire("hook", {**good, SIGNATURE_HEADER: "\u00e9"}),
        "another trigger with the same secret": world.fire("twin", good),
        "no such trigger": world.fire("other", good),
        "the empty secret of no such trigger": world.fire("other", world.signed(secret="")),
        "another kind": world.fire("nightly", good),
        "no such template": world.api("POST", f"{world.id.arm}x/triggers/hook/fire", body, None, **good),
    }


def test_no_refusal_tells_what_there_is(world: World) -> None:
    found = refusals(world)
    assert {name: answer.status for name, answer in found.items()} == dict.fromkeys(found, 401)
    assert len({json.dumps(answer.body) for answer in found.values()}) == 1
    assert world.runs == []


def test_a_secret_that_cannot_be_read_lets_nobody_in_and_tells_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("hook", WEBHOOK)
    path = TriggerSecrets.path(world.id, "hook")
    documents().delete(path)

    with poisoned(path):
        unreadable = world.fire("hook", world.signed())
    nowhere = world.fire("other", world.signed())
    pending_events = AllPendingEvents.path(world.id, "hook")
    world.put("hook", WEBHOOK)
    documents().delete(pending_events)
    with poisoned(pending_events):
        assert world.fire("hook", world.signed(secret="x" * 32)).body == nowhere.body
        assert world.fire("hook", world.signed()).error["target"] == pending_events

    assert (unreadable.status, unreadable.body) == (nowhere.status, nowhere.body)
    assert unreadable.status == 401
    assert path in caplog.text
    assert WORD not in caplog.text


def test_a_large_body_is_refused_before_its_signature(world: World) -> None:
    body = b"x" * (64 * 1024 + 1)
    assert world.fire("other", world.signed(body), body).status == 413


def test_a_secret_comes_back_nowhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    made = world.put("hook", WEBHOOK)
    world.fire("hook", world.signed())
    shown = [
        made,
        world.api("GET", f"{world.id.arm}/triggers/hook"),
        world.api("GET", f"{world.id.arm}/triggers"),
        world.api("GET", f"{world.id.arm}/runs"),
        world.api("PUT", f"{world.id.arm}/triggers/hook", {"properties": {**WEBHOOK, "secret": SECRET[:20]}}),
    ]
    assert [answer.status for answer in shown] == [201, 200, 200, 200, 400]
    assert "secret" not in made.body["properties"]
    assert SECRET[:20] not in json.dumps([answer.body for answer in shown]) + caplog.text
    with_it = [path for path in documents().paths("") if SECRET in _content(path)]
    assert with_it == [f"secrets/{world.id.key}/hook.json"]


def _content(path: str) -> str:
    text: bytes = documents()._container.download_blob(path).readall()
    return text.decode()


def test_a_secret_stays_until_it_is_replaced_or_its_trigger_goes(world: World) -> None:
    without = {"kind": "Webhook"}
    refused = world.api("PUT", f"{world.id.arm}/triggers/hook", {"properties": without})
    assert refused.status == 400
    assert refused.error["details"][0]["target"] == "properties.secret"
    world.put("hook", WEBHOOK)
    world.put("hook", without)
    assert world.fire("hook", world.signed()).status == 202
    world.put("hook", {"kind": "Webhook", "secret": "new-" + "y" * 32})
    assert world.fire("hook", world.signed()).status == 401
    assert world.api("DELETE", f"{world.id.arm}/triggers/hook").status == 202
    for kind in ("secrets", "pending-events", "triggers"):
        assert list(documents().paths(f"{kind}/{world.id.key}/")) == []


def test_a_template_takes_its_triggers_and_secrets_with_it(world: World) -> None:
    world.put("hook", WEBHOOK)
    world.put("listening", LISTENING)
    Runs().delete_all(world.id, lambda: True)
    for kind in ("secrets", "pending-events", "triggers"):
        assert list(documents().paths(f"{kind}/{world.id.key}/")) == []
    assert world.hear() == 0


def test_an_event_that_passes_the_filter_starts_a_run_once(world: World) -> None:
    world.put("listening", LISTENING)
    assert world.hear(subject="other") == 0
    assert world.hear(type_="Policy.Deleted") == 0
    assert world.hear(source=world.id.arm.upper()) == 0
    assert world.runs == []
    assert [world.hear() for _ in range(5)] == [1] * 5
    world.end()
    assert world.hear() == 1
    assert len(world.runs) == 1
    assert world.hear("2") == 1
    assert len(world.runs) == 2


def test_two_templates_that_listen_to_each_other_are_not_built_for_ever(world: World, another: World) -> None:
    for each in (world, another):
        each.put("listening", {"kind": "Event", "filter": {"types": ["Kiln.Build.Succeeded"]}})
    first = world.run()

    def succeeded(run: RunRecord) -> dict[str, str]:
        return {"type_": "Kiln.Build.Succeeded", "source": run.template.arm, "subject": run.run_id}

    assert world.hear("a", **succeeded(first)) == 1
    (second,) = another.runs
    assert second.cause is not None
    assert second.cause.lineage == (short_name(world.id),)
    assert world.hear("b", **succeeded(second)) == 0
    assert world.runs == [first]


def test_events_are_no_longer_heard_by_a_trigger_that_changed_or_went(world: World) -> None:
    world.put("listening", LISTENING)
    world.put("listening", {"kind": "Event", "filter": {"types": ["Other"]}})
    assert (world.hear(), world.hear(type_="Other", subject="")) == (0, 1)
    world.api("DELETE", f"{world.id.arm}/triggers/listening")
    assert world.hear("2", type_="Other", subject="") == 0


def test_what_comes_while_its_run_is_being_started_has_a_run_of_its_own(world: World) -> None:
    world.put("hook", WEBHOOK)
    now = datetime.now(UTC)
    pending_events = AllPendingEvents().get(world.id, "hook")
    assert pending_events is not None

    async def another_comes() -> None:
        await asyncio.to_thread(
            AllPendingEvents().change, pending_events, lambda known: take(known, PendingEvent(id="second", at=now), now)
        )

    world.hub.before_start = another_comes
    asyncio.run(take_and_fire(DurableOrchestrations(world.hub), pending_events, PendingEvent(id="first", at=now), now))
    left = AllPendingEvents().get(world.id, "hook")
    assert left is not None
    assert left.pending is not None
    assert left.pending.id == "second"
