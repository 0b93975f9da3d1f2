"""Outboxes and the topic: two hosts at once, crashes in between, events that are refused for good."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiln.doctor import topic as doctor_topic
from kiln.events import drain as draining
from kiln.events import journal, publisher
from kiln.events.cloud_events import CloudEvent
from kiln.events.drain import LIFETIME, drain, keep, keep_events
from kiln.events.drain_all import AT_ONCE, drain_all
from kiln.events.event_types import EventType
from kiln.events.outbox import Claim, Outbox, Outboxes, claim
from kiln.events.publisher import PublishFailed
from kiln.ids import RunRef, TemplateId
from kiln.runs.record import Phase, RunRecord, RunState
from kiln.runs.runs import Runs
from kiln.runs.transitions import enter_phase, finish
from tests.app_settings import set_settings
from tests.contract.kiln_cloud.building import body_with
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.poison import WORD, poisoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.storage.blob import BlobClient

    from tests.contract.kiln_events.conftest import Topic

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def run() -> RunRef:
    """A stored run that is under way."""
    template = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name="drained")
    record = RunRecord(
        run_id=uuid.uuid4().hex, instance_id="i", template=template, body=body_with(), version=1, requested=NOW
    )
    Runs().create(enter_phase(record, Phase.PLAN, NOW))
    return RunRef(template=template, run_id=record.run_id)


def event(run: RunRef, number: int, **data: Any) -> CloudEvent:
    return CloudEvent(
        id=f"{run.run_id}/{number}",
        source=run.template.arm,
        type=EventType.BUILD_PHASE_CHANGED,
        subject=run.run_id,
        time=NOW,
        data=data,
    )


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [int(item["id"].rpartition("/")[2]) for item in events]


def change(run: RunRef, change: Callable[[Outbox], Outbox]) -> None:
    box = Outboxes().get(run)
    assert box is not None
    Outboxes().change(box, change)


def end(run: RunRef) -> RunRecord:
    return Runs().update(
        run.template, run.run_id, lambda found: finish(found, RunState.CANCELED, NOW, "", error=None, leftovers=())
    )


def test_hosts_that_drain_at_once_publish_everything_once_and_in_order(run: RunRef, topic: Topic) -> None:
    def host(first: int) -> None:
        for number in range(first, first + 5):
            keep_events(run, event(run, number))
            drain(run)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(host, range(0, 20, 5)))
    drain(run)

    box = Outboxes().get(run)
    assert box is not None
    assert [item["id"] for item in topic.published()] == [item.id for item in box.content.events]
    assert sorted(numbers(topic.published())) == list(range(20))


def test_a_crash_between_publishing_and_marking_publishes_again_with_the_same_id(
    run: RunRef, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Crash

    keep_events(run, event(run, 1))
    with monkeypatch.context() as patch:
        patch.setattr(draining, "mark_sent", die)
        with pytest.raises(Crash):
            drain(run)
    assert drain(run) is None
    assert numbers(topic.published()) == [1]  # the dead host's claim still counts
    change(run, lambda box: box.model_copy(update={"claim": Claim(by="dead", until=NOW)}))

    keep_events(run, event(run, 2))
    drain(run)

    assert numbers(topic.published()) == [1, 1, 2]


@pytest.fixture
def broken_journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobClient]:
    """A journal that cannot be appended to for as long as this blob is there: it is none that takes appends."""
    monkeypatch.setattr(journal, "CONTAINER", f"events-{uuid.uuid4().hex[:12]}")
    journal.container().create_container()
    blob = journal.container().get_blob_client(f"{datetime.now(UTC):%Y-%m-%d}.jsonl")
    blob.upload_blob(b"")
    yield blob
    journal.container().delete_container()


def journaled() -> list[int]:
    now = datetime.now(UTC)
    events, _ = journal.read(journal.beginning(now), now)
    return numbers(events)


def test_what_the_journal_did_not_take_is_written_by_the_timer_and_not_published_again(
    run: RunRef, topic: Topic, broken_journal: BlobClient
) -> None:
    first, second = (event(run, at).model_copy(update={"time": datetime.now(UTC)}) for at in (1, 2))
    topic.down(status=400, times=1)
    keep_events(run, first)
    drain(run)  # it is refused, and published by the timer
    keep_events(run, second)
    drain(run)
    end(run)
    drain_all()
    assert numbers(topic.published()) == [2, 1]
    assert box_of(run).unjournaled == (f"{run.run_id}/2", f"{run.run_id}/1")

    broken_journal.delete_blob()
    drain_all()

    assert journaled() == [2, 1]
    assert numbers(topic.published()) == [2, 1]
    assert Outboxes().get(run) is None


@pytest.mark.usefixtures("broken_journal")
def test_what_the_journal_does_not_take_for_a_day_is_given_up_and_named(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    keep_events(run, event(run, 1))  # which is of a day long ago
    drain(run)
    end(run)
    drain_all()

    assert Outboxes().get(run) is None
    assert "1 events will never be in the journal" in errors(caplog)[-1]
    assert numbers(topic.published()) == [1]


def test_what_comes_while_another_publishes_is_published_by_it(
    run: RunRef, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on, publish = threading.Event(), threading.Event(), publisher.publish

    def slow(events: list[CloudEvent]) -> None:
        publish(events)
        under_way.set()
        assert go_on.wait(30)

    monkeypatch.setattr(publisher, "publish", slow)
    keep_events(run, event(run, 1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(drain, run)
        assert under_way.wait(30)
        keep_events(run, event(run, 2))
        drain(run)
        assert numbers(topic.published()) == [1]
        go_on.set()
        first.result()

    assert numbers(topic.published()) == [1, 2]


def test_more_than_a_request_takes_goes_in_several(run: RunRef, topic: Topic) -> None:
    keep_events(run, *(event(run, number, text="x" * 300_000) for number in range(7)))

    drain(run)

    assert numbers(topic.published()) == list(range(7))


def test_while_publishing_fails_a_build_does_not_try_again_but_the_timer_does(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    topic.down(status=503, times=1)
    keep_events(run, event(run, 1))

    failed = drain(run)
    assert failed is not None
    assert not failed.lasting
    assert drain(run) is None
    assert topic.published() == []
    drain_all()

    assert numbers(topic.published()) == [1]
    (warning,) = [item for item in caplog.records if item.name == "kiln.events" and item.levelname == "WARNING"]
    assert warning.__dict__["runId"] == run.run_id
    assert "Bearer" not in warning.getMessage()


def test_a_connection_that_breaks_is_a_failure_to_publish_like_another(run: RunRef, topic: Topic) -> None:
    topic.down(drop="before", times=0)
    keep_events(run, event(run, 1))

    assert isinstance(drain(run), PublishFailed)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [item.getMessage() for item in caplog.records if item.levelname == "ERROR" and item.name == "kiln.events"]


def box_of(run: RunRef) -> Outbox:
    stored = Outboxes().get(run)
    assert stored is not None
    return stored.content


def test_an_event_that_is_too_large_is_put_aside_alone_and_named(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    keep_events(run, event(run, 1), event(run, 2, text="x" * 1_100_000), event(run, 3))
    other = RunRef(template=run.template, run_id="z")
    keep_events(other, event(other, 4))

    drain_all()
    drain_all()

    assert sorted(numbers(topic.published())) == [1, 3, 4]
    (said,) = errors(caplog)
    assert f"event {run.run_id}/2 is refused by the topic" in said
    assert (box_of(run).unsent, box_of(run).failing_since) == ((), None)
    assert [refusal.too_large for refusal in box_of(run).refused] == [True]


def test_an_event_that_the_topic_refuses_holds_none_of_those_after_it(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    bad = event(run, 3).model_copy(update={"subject": ""})  # CloudEvents 1.0: "If present, MUST be a non-empty string"
    keep_events(run, event(run, 1), event(run, 2), bad, event(run, 4), event(run, 5))

    assert drain(run) is None

    assert numbers(topic.published()) == [1, 2, 4, 5]
    assert [refusal.event for refusal in box_of(run).refused] == [bad.id]
    assert box_of(run).claim is None
    (said,) = errors(caplog)
    assert f"event {bad.id} is refused by the topic" in said
    keep_events(run, event(run, 6))
    drain(run)
    assert numbers(topic.published()) == [1, 2, 4, 5, 6]
    (found,) = doctor_topic.examine()
    assert bad.id in found.message
    assert "'subject'" in found.message


def test_what_a_topic_refused_is_taken_in_order_once_the_fault_is_the_topic_s_no_more(
    run: RunRef, topic: Topic
) -> None:
    topic.down(status=400, times=0)
    keep_events(run, event(run, 1), event(run, 2))
    drain(run)
    keep_events(run, event(run, 3))
    drain(run)
    drain_all()
    assert (topic.published(), len(box_of(run).refused)) == ([], 3)
    topic.up()
    end(run)

    drain_all()

    assert numbers(topic.published()) == [1, 2, 3]
    assert Outboxes().get(run) is None
    assert list(doctor_topic.examine()) == []


def test_a_topic_that_is_down_while_what_it_refused_is_tried_again_is_a_failure(run: RunRef, topic: Topic) -> None:
    topic.down(status=400, times=1)
    keep_events(run, event(run, 1))
    drain(run)
    topic.down(status=503, times=1)

    failed = drain(run, insist=True)

    assert failed is not None
    assert (failed.lasting, box_of(run).claim) == (False, None)
    assert box_of(run).failing_since is not None


def test_events_that_are_refused_for_good_are_given_up_in_the_end(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    topic.down(status=400, times=0)
    keep_events(run, event(run, 1))
    end(run)
    drain_all()
    assert Outboxes().get(run) is not None
    long_ago = datetime.now(UTC) - LIFETIME - timedelta(minutes=1)
    change(
        run,
        lambda box: box.model_copy(
            update={"refused": tuple(each.model_copy(update={"since": long_ago}) for each in box.refused)}
        ),
    )
    drain_all()

    assert Outboxes().get(run) is None
    assert f"event {run.run_id}/1 is given up" in errors(caplog)[-1]


def test_events_of_a_topic_that_is_down_for_too_long_are_given_up(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    topic.down(status=503, times=0)
    keep_events(run, event(run, 1))
    end(run)
    drain_all()
    long_ago = datetime.now(UTC) - LIFETIME - timedelta(minutes=1)
    change(run, lambda box: box.model_copy(update={"failing_since": long_ago}))
    drain_all()

    assert Outboxes().get(run) is None
    assert errors(caplog) == [f"events of run {run.run_id} are given up: 1"]


def test_an_outbox_that_cannot_be_read_keeps_no_other_waiting_and_is_named(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    keep_events(run, event(run, 1))
    path = "outbox/a/a/a/a.json"

    with poisoned(path):
        drain_all()

    assert numbers(topic.published()) == [1]
    assert any(path in item.getMessage() and item.levelname == "ERROR" for item in caplog.records)
    assert WORD not in caplog.text


def test_a_run_whose_record_cannot_be_read_keeps_no_other_waiting(
    run: RunRef, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    broken = RunRef(template=run.template, run_id="broken")
    keep_events(broken, event(broken, 1))
    keep_events(run, event(run, 2))

    with poisoned(Runs.path(broken.template, broken.run_id)):
        drain_all()

    assert 2 in numbers(topic.published())
    assert any("the outbox of run broken could not be looked at" in said for said in errors(caplog))


def test_outboxes_that_a_topic_does_not_take_never_come_before_one_that_it_does(
    run: RunRef, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = [RunRef(template=run.template, run_id=f"a{number:02}") for number in range(3 * AT_ONCE)]
    publish = publisher.publish

    def only_of_one(events: list[CloudEvent]) -> None:
        if events[0].subject != run.run_id:
            raise PublishFailed("it did not answer", lasting=False)
        publish(events)

    monkeypatch.setattr(publisher, "publish", only_of_one)
    for each in refused:
        keep_events(each, event(each, 1))
        drain(each)
    keep_events(run, event(run, 2))

    drain_all()

    assert numbers(topic.published()) == [2]


def test_a_run_that_ended_without_a_word_is_told_by_the_timer(run: RunRef, topic: Topic) -> None:
    keep(Runs().require(run.template, run.run_id))
    end(run)

    drain_all()

    assert [item["type"] for item in topic.published()] == [
        "Kiln.Build.Started",
        "Kiln.Build.PhaseChanged",
        "Kiln.Build.Canceled",
    ]
    assert Outboxes().get(run) is None


def test_what_follows_from_a_run_later_does_not_tell_the_run_again(run: RunRef, topic: Topic) -> None:
    end(run)
    keep_events(run, event(run, 1, trigger="source"))

    drain_all()

    assert numbers(topic.published()) == [1]
    assert Outboxes().get(run) is None


def test_an_outbox_that_changed_is_not_removed(run: RunRef) -> None:
    keep_events(run, event(run, 1))
    stored = Outboxes().get(run)
    assert stored is not None
    change(run, lambda box: claim(box, "a", NOW))

    assert not Outboxes().remove(run, stored.etag)
    assert Outboxes().get(run) is not None


def test_without_a_topic_nothing_is_kept(run: RunRef, monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_TOPIC_ENDPOINT=None)

    keep_events(run, event(run, 1))

    assert drain(run) is None
    drain_all()
    assert list(Outboxes().list()) == []
