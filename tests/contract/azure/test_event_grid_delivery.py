"""Delivery of events: retries, dead letters in Azurite, batches, faults, restarts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.messaging import CloudEvent
from azure.storage.blob import ContainerClient

from devkit.azure.server import Tls
from tests.contract.azure.event_grid import (
    Subscriber,
    advance,
    deliveries,
    make_topic,
    publisher,
    settled,
    subscribe,
)
from tests.contract.azure.harness import SEEDED, Harness, refused
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.azurite import Azurite

ACCOUNT = f"{SEEDED}/providers/Microsoft.Storage/storageAccounts/kilndead"


@pytest.fixture
def cloud(tmp_path: Path, azurite: Azurite) -> Iterator[Harness]:
    certificates = azurite.certificates
    tls = Tls(certificates.certificate, certificates.key)
    running = Harness(tmp_path, azurite.accounts, tls=tls, database=tmp_path / "azure.db")
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def trust(cloud: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cloud.storage.ca_file))


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with Subscriber() as running:
        yield running


def send(cloud: Harness, topic: Any, *numbers: int) -> None:
    events: list[CloudEvent[Any]] = [
        CloudEvent(source="/tests", type="Test.Happened", id=str(number), data={}) for number in numbers
    ]
    with publisher(cloud, topic) as client:
        client.send(events)


@pytest.fixture
def letters(cloud: Harness) -> Iterator[ContainerClient]:
    """A container for dead letters, empty."""
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    cloud.storages.storage_accounts.begin_create("rg-images", "kilndead", account).result()
    key = cloud.storage.create("kilndead")
    container = ContainerClient(
        cloud.storage.endpoint("kilndead"), "letters", key, connection_verify=str(cloud.storage.ca_file)
    )
    with container:
        container.create_container()
        yield container
        container.delete_container()


DEAD_LETTERS = {
    "endpointType": "StorageBlob",
    "properties": {"resourceId": ACCOUNT, "blobContainerName": "letters"},
}


def read(letters: ContainerClient) -> tuple[str, list[dict[str, Any]]]:
    """Wait for the one blob of dead letters."""
    (name,) = until(lambda: [blob.name for blob in letters.list_blobs()])
    return name, json.loads(letters.download_blob(name).readall())


def failed(cloud: Harness, attempts: int) -> dict[str, Any]:
    """Wait until the only open delivery has so many attempts behind it."""
    found = settled(cloud, lambda seen: bool(seen["open"]) and seen["open"][0]["attempts"] == attempts)
    only: dict[str, Any] = {**found["open"][0], "in": found["open"][0]["due"] - found["now"]}
    return only


def test_a_failed_delivery_is_made_again_by_the_schedule_until_it_is_taken(
    cloud: Harness, subscriber: Subscriber
) -> None:
    subscriber.answers = [500, 500, 500]
    topic = make_topic(cloud, "retried")
    subscribe(cloud, "retried", "hook", subscriber.url)
    send(cloud, topic, 1)
    for attempts, seconds in ((1, 10), (2, 30), (3, 60)):
        waiting = failed(cloud, attempts)
        assert waiting["in"] == pytest.approx(seconds, abs=5)
        assert waiting["lastOutcome"] == "Busy"
        advance(cloud, seconds)
    counts = settled(cloud, lambda seen: not seen["open"])["counts"]
    assert (counts["delivered"], counts["retries"], counts["attempts"]) == (1, 3, 4)
    assert [item.headers["aeg-delivery-count"] for item in subscriber.requests()] == ["0", "1", "2", "3"]


def test_a_lost_time_is_made_up_for_in_scaled_time(cloud: Harness, subscriber: Subscriber) -> None:
    cloud.local("PUT", "latency", json={"profile": "instant", "timeScale": 0.001})
    subscriber.answers = [503, 503, 404]
    topic = make_topic(cloud, "scaled")
    subscribe(cloud, "scaled", "hook", subscriber.url)
    send(cloud, topic, 1)
    assert len(subscriber.notified(4)) == 4
    settled(cloud, lambda seen: not seen["open"])


@pytest.mark.parametrize(("status", "outcome"), [(400, "BadRequest"), (413, "PayloadTooLarge"), (401, "Unauthorized")])
def test_what_no_retry_can_fix_is_a_dead_letter_after_one_attempt(
    cloud: Harness, subscriber: Subscriber, letters: ContainerClient, status: int, outcome: str
) -> None:
    subscriber.answers = [status]
    topic = make_topic(cloud, "refused")
    subscribe(cloud, "refused", "my-Hook", subscriber.url, deadLetterDestination=DEAD_LETTERS)
    send(cloud, topic, 1)
    given_up = failed(cloud, 1)
    assert given_up["givenUp"] == "UndeliverableDueToClientError"
    assert given_up["in"] == pytest.approx(300, abs=5)
    assert list(letters.list_blobs()) == []
    advance(cloud, 300)
    name, (letter,) = read(letters)
    assert re.fullmatch(r"MY-HOOK/\d{4}/\d{1,2}/\d{1,2}/\d{1,2}/[0-9a-f-]{36}\.json", name)
    assert (letter["id"], letter["specversion"]) == ("1", "1.0")
    assert (letter["deliveryattempts"], letter["lastdeliveryoutcome"]) == (1, outcome)
    assert letter["publishtime"] <= letter["lastdeliveryattempttime"]
    assert len(subscriber.requests()) == 1


def test_too_many_attempts_are_a_dead_letter_and_several_share_a_blob(
    cloud: Harness, subscriber: Subscriber, letters: ContainerClient
) -> None:
    subscriber.answers = [500] * 4
    topic = make_topic(cloud, "often", input_schema="EventGridSchema")
    subscribe(
        cloud,
        "often",
        "hook",
        subscriber.url,
        deadLetterDestination=DEAD_LETTERS,
        retryPolicy={"maxDeliveryAttempts": 2},
    )
    event = {"eventType": "t", "subject": "s", "eventTime": "2026-01-01T00:00:00Z", "data": {}, "dataVersion": "1"}
    with publisher(cloud, topic) as client:
        client.send([{**event, "id": number} for number in "12"])
    settled(cloud, lambda seen: [item["attempts"] for item in seen["open"]] == [1, 1])
    advance(cloud, 10)
    settled(cloud, lambda seen: [item["attempts"] for item in seen["open"]] == [2, 2])
    advance(cloud, 310)
    _, found = read(letters)
    assert sorted(letter["id"] for letter in found) == ["1", "2"]
    assert {letter["deadLetterReason"] for letter in found} == {"MaxDeliveryAttemptsExceeded"}
    assert {letter["deliveryAttempts"] for letter in found} == {2}
    assert settled(cloud, lambda seen: not seen["open"])["counts"]["deadLettered"] == 2


def test_an_event_expires_at_its_next_attempt(cloud: Harness, subscriber: Subscriber, letters: ContainerClient) -> None:
    subscriber.answers = [500, 500]
    topic = make_topic(cloud, "expired")
    policy = {"eventTimeToLiveInMinutes": 1}
    subscribe(cloud, "expired", "hook", subscriber.url, deadLetterDestination=DEAD_LETTERS, retryPolicy=policy)
    send(cloud, topic, 1)
    failed(cloud, 1)
    advance(cloud, 61)
    until(lambda: deliveries(cloud)["open"][0]["givenUp"])
    assert len(subscriber.requests()) == 1
    advance(cloud, 300)
    _, (letter,) = read(letters)
    assert letter["deadletterreason"] == "TimeToLiveExceeded"


def test_without_a_place_for_dead_letters_an_event_is_dropped(cloud: Harness, subscriber: Subscriber) -> None:
    subscriber.answers = [400]
    topic = make_topic(cloud, "dropped")
    subscribe(cloud, "dropped", "hook", subscriber.url)
    send(cloud, topic, 1)
    assert settled(cloud, lambda seen: seen["counts"].get("dropped") == 1)["open"] == []


def test_a_dead_letter_whose_container_is_gone_is_dropped_after_four_hours(
    cloud: Harness, subscriber: Subscriber, letters: ContainerClient
) -> None:
    subscriber.answers = [400]
    topic = make_topic(cloud, "homeless")
    gone = {**DEAD_LETTERS, "properties": {"resourceId": ACCOUNT, "blobContainerName": "gone"}}
    subscribe(cloud, "homeless", "hook", subscriber.url, deadLetterDestination=gone)
    send(cloud, topic, 1)
    first = failed(cloud, 1)
    advance(cloud, 300)
    settled(cloud, lambda seen: bool(seen["open"]) and seen["open"][0]["due"] > first["due"])
    advance(cloud, 4 * 3600)
    assert settled(cloud, lambda seen: not seen["open"])["counts"]["dropped"] == 1
    assert list(letters.list_blobs()) == []


def test_dead_letters_can_be_written_with_the_topics_identity(
    cloud: Harness, subscriber: Subscriber, letters: ContainerClient
) -> None:
    subscriber.answers = [400]
    topic = make_topic(cloud, "identified", identity={"type": "SystemAssigned"})
    with_identity = {"identity": {"type": "SystemAssigned"}, "deadLetterDestination": DEAD_LETTERS}
    subscribe(cloud, "identified", "hook", subscriber.url, deadLetterWithResourceIdentity=with_identity)
    send(cloud, topic, 1)
    failed(cloud, 1)
    advance(cloud, 300)
    assert read(letters)[1][0]["id"] == "1"


def test_no_answer_in_time_is_tried_again(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "silent")
    subscribe(cloud, "silent", "hook", subscriber.url)
    subscriber.silent = True
    assert cloud.server._cloud is not None
    cloud.server._cloud.events.sender.answer_seconds = 0.2
    send(cloud, topic, 1)
    waiting = failed(cloud, 1)
    assert (waiting["lastOutcome"], round(waiting["in"])) == ("TimedOut", 10)


def test_an_endpoint_that_does_not_answer_the_handshake_is_asked_once_more(
    cloud: Harness, subscriber: Subscriber
) -> None:
    make_topic(cloud, "mute", input_schema="EventGridSchema")
    subscriber.silent = True
    assert cloud.server._cloud is not None
    cloud.server._cloud.events.sender.answer_seconds = 0.2
    cloud.local("PUT", "latency", json={"profile": "instant", "timeScale": 0.001})
    error = refused(lambda: subscribe(cloud, "mute", "hook", subscriber.url), "Url validation")
    assert "TimedOut" in str(error)
    assert len(subscriber.requests("SubscriptionValidation")) == 2


def test_batches_keep_to_their_limits(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "batched")
    subscribe(cloud, "batched", "hook", subscriber.url, batch={"maxEventsPerBatch": 3})
    cloud.local("PUT", "eventgrid/faults", json=[{"subscription": "hook", "delay": 100}])
    send(cloud, topic, *range(7))
    settled(cloud, lambda seen: len(seen["open"]) == 7)
    advance(cloud, 100)
    settled(cloud, lambda seen: not seen["open"])
    received = subscriber.requests()
    assert sorted(len(item.ids) for item in received) == [1, 3, 3]
    assert {item.headers["content-type"] for item in received} == {"application/cloudevents-batch+json; charset=utf-8"}


def test_a_batch_is_all_or_none(cloud: Harness, subscriber: Subscriber) -> None:
    subscriber.answers = [500]
    topic = make_topic(cloud, "whole")
    subscribe(cloud, "whole", "hook", subscriber.url, batch={"maxEventsPerBatch": 10})
    send(cloud, topic, 1, 2)
    settled(cloud, lambda seen: [item["attempts"] for item in seen["open"]] == [1, 1])
    advance(cloud, 10)
    first, second = subscriber.notified(2)
    assert first.ids == second.ids == ["1", "2"]


def test_rules_duplicate_and_reorder(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "disorder")
    subscribe(cloud, "disorder", "hook", subscriber.url, batch={"maxEventsPerBatch": 100})
    rules = [{"subscription": "*", "reorder": 60}, {"subscription": "hook", "duplicate": 2, "nth": 2, "times": 1}]
    cloud.local("PUT", "eventgrid/faults", json=rules)
    send(cloud, topic, 1, 2, 3)
    settled(cloud, lambda seen: len(seen["open"]) == 5)
    assert subscriber.requests() == []
    advance(cloud, 60)
    (batch,) = subscriber.notified(1)
    assert batch.ids == ["3", "2", "2", "2", "1"]
    assert [rule["met"] for rule in cloud.local("GET", "eventgrid/faults")] == [3, 3]


def test_a_rule_loses_an_answer_so_that_the_event_comes_twice(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "twice")
    subscribe(cloud, "twice", "hook", subscriber.url)
    rules = [
        {"subscription": "hook", "loseAnswer": True, "times": 1},
        {"subscription": "hook", "status": 503, "times": 1},
    ]
    cloud.local("PUT", "eventgrid/faults", json=rules[:1])
    send(cloud, topic, 1)
    failed(cloud, 1)
    cloud.local("PUT", "eventgrid/faults", json=rules[1:])
    advance(cloud, 10)
    failed(cloud, 2)
    advance(cloud, 30)
    assert [item.headers["aeg-delivery-count"] for item in subscriber.notified(2)] == ["0", "2"]


def test_a_restart_loses_no_event(cloud: Harness, subscriber: Subscriber) -> None:
    subscriber.answers = [500] * 3
    topic = make_topic(cloud, "kept")
    subscribe(cloud, "kept", "hook", subscriber.url)
    send(cloud, topic, 1, 2, 3)
    settled(cloud, lambda seen: [item["attempts"] for item in seen["open"]] == [1, 1, 1])
    advance(cloud, 5)
    cloud.restart()
    assert [item["attempts"] for item in deliveries(cloud)["open"]] == [1, 1, 1]
    advance(cloud, 6)
    settled(cloud, lambda seen: not seen["open"])
    assert sorted(item.ids[0] for item in subscriber.requests()[3:]) == ["1", "2", "3"]


def test_what_is_open_for_a_deleted_subscription_is_forgotten(cloud: Harness, subscriber: Subscriber) -> None:
    subscriber.answers = [500]
    topic = make_topic(cloud, "left")
    subscribe(cloud, "left", "hook", subscriber.url)
    send(cloud, topic, 1)
    failed(cloud, 1)
    cloud.http("DELETE", f"{topic.id}/eventSubscriptions/hook")
    advance(cloud, 10)
    settled(cloud, lambda seen: not seen["open"])
    assert len(subscriber.requests()) == 1


def test_filters_decide_what_is_delivered(cloud: Harness, subscriber: Subscriber) -> None:
    topic = make_topic(cloud, "filtered")
    filters = {
        "includedEventTypes": ["Kiln.Yes"],
        "subjectBeginsWith": "/a/",
        "advancedFilters": [{"operatorType": "NumberGreaterThan", "key": "data.n", "value": 1}],
    }
    subscribe(cloud, "filtered", "hook", subscriber.url, filter=filters)
    with publisher(cloud, topic) as client:
        client.send(
            [
                CloudEvent(source="/s", type=kind, subject=subject, data={"n": number}, id=f"{kind}{subject}{number}")
                for kind in ("Kiln.Yes", "Kiln.No")
                for subject in ("/a/b", "/b")
                for number in (1, 2)
            ]
        )
    assert [item.ids for item in subscriber.notified(1)] == [["Kiln.Yes/a/b2"]]
    assert settled(cloud, lambda seen: not seen["open"])["counts"]["filteredOut"] == 7
