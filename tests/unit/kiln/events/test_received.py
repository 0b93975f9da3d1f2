from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.events.cloud_events import of_source
from kiln.events.payloads import SourceVersionPublished
from kiln.events.received import (
    EVENT_BYTES,
    GalleryVersionWritten,
    Reason,
    Received,
    Refusal,
    SourceImageVersionPublished,
    read,
    read_event,
)

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
DEFINITION = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/main/images/base"
)
VERSION_ID = f"{DEFINITION}/versions/1.2.3"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def published(**changes: Any) -> dict[str, Any]:
    """Return the very event that Kiln's watcher sends."""
    payload = SourceVersionPublished(
        publisher="Debian", offer="debian-12", sku="12-gen2", region="westeurope", version="0.20261101.1"
    )
    event: dict[str, Any] = json.loads(of_source(payload, SUBSCRIPTION, NOW).model_dump_json(exclude_none=True))
    return event | changes


def written(**changes: Any) -> dict[str, Any]:
    """Return an event as "Azure subscription as an Event Grid source" shows it in the Event Grid schema."""
    data = {
        "authorization": {"scope": VERSION_ID, "action": "Microsoft.Compute/galleries/images/versions/write"},
        "resourceUri": VERSION_ID,
        "operationName": "Microsoft.Compute/galleries/images/versions/write",
        "status": "Succeeded",
        "subscriptionId": SUBSCRIPTION,
        **changes.pop("data", {}),
    }
    return {
        "topic": f"/subscriptions/{SUBSCRIPTION}",
        "subject": VERSION_ID,
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "eventTime": "2026-11-22T06:00:00.4067898Z",
        "id": "4db48cba-50a2-455a-93b4-de41a3b5b7f6",
        "data": data,
        "dataVersion": "2",
        "metadataVersion": "1",
    } | changes


def as_cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    names = {"topic": "source", "eventType": "type", "eventTime": "time"}
    kept = {names.get(name, name): value for name, value in event.items() if not name.endswith("Version")}
    return {"specversion": "1.0", **kept}


def refused(document: object) -> Reason:
    result = read(document)
    assert isinstance(result, Refusal)
    return result.reason


def test_what_the_watcher_sends_is_understood() -> None:
    fact = read(published())

    assert fact == SourceImageVersionPublished(
        subscription=SUBSCRIPTION,
        region="westeurope",
        publisher="Debian",
        offer="debian-12",
        sku="12-gen2",
        version="0.20261101.1",
    )
    assert isinstance(fact, SourceImageVersionPublished)
    assert fact.key == "marketplace/westeurope/debian/debian-12/12-gen2"


@pytest.mark.parametrize("event", [written(), as_cloud_event(written())], ids=["event grid", "cloud event"])
def test_a_written_gallery_version_is_understood_in_either_schema(event: dict[str, Any]) -> None:
    fact = read(event)

    assert fact == GalleryVersionWritten(definition_id=DEFINITION, version="1.2.3")
    assert isinstance(fact, GalleryVersionWritten)
    assert (fact.key, fact.version_id) == (f"gallery/{DEFINITION}".lower(), VERSION_ID)


def test_a_change_of_a_version_is_told_from_others_by_its_method() -> None:
    fact = read(written(data={"httpRequest": {"method": "PATCH"}}))

    assert isinstance(fact, GalleryVersionWritten)
    assert fact.method == "PATCH"


def test_later_versions_of_kiln_may_say_more() -> None:
    event = published()
    event["data"]["architecture"] = "x64"

    assert isinstance(read(event | {"newattribute": "x"}), SourceImageVersionPublished)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, Reason.MALFORMED),
        ([published()], Reason.MALFORMED),
        ({}, Reason.MALFORMED),
        (as_cloud_event(written()) | {"specversion": "0.3"}, Reason.MALFORMED),
        (published(id=""), Reason.MALFORMED),
        (published(source=7), Reason.MALFORMED),
        (published(time="yesterday"), Reason.MALFORMED),
        (published(time="2026-11-22T06:00:00"), Reason.MALFORMED),
        (published(time="0001-01-01T00:00:00+14:00"), Reason.MALFORMED),
        (published(time="9999-12-31T23:59:59-14:00"), Reason.MALFORMED),
        (published(data=None), Reason.MALFORMED),
        (published(data="{}"), Reason.MALFORMED),
        (published(data={"publisher": "Debian"}), Reason.MALFORMED),
        (published(type="Kiln.Build.Succeeded"), Reason.OF_NO_INTEREST),
        (published(type="Microsoft.Storage.BlobCreated"), Reason.UNKNOWN_TYPE),
        (published(subject="9.9.9"), Reason.INCONSISTENT),
        (published(source=f"/subscriptions/{SUBSCRIPTION}/elsewhere"), Reason.INCONSISTENT),
        (published(id="a\nforged log line"), Reason.HOSTILE),
        (published(id="\ud800"), Reason.HOSTILE),
        (published(subject="x" * 5000), Reason.HOSTILE),
        (published(data=published()["data"] | {"region": "../../templates"}), Reason.HOSTILE),
        (published(data=published()["data"] | {"sku": "a/b"}), Reason.HOSTILE),
        (published(data=published()["data"] | {"version": "latest"}), Reason.HOSTILE),
        (published(data={"padding": "x" * EVENT_BYTES}), Reason.OVERSIZE),
        (written(data={"operationName": "Microsoft.Compute/virtualMachines/write"}), Reason.OF_NO_INTEREST),
        (written(data={"operationName": "Microsoft.Resources/tags/write"}), Reason.OF_NO_INTEREST),
        (written(data={"resourceUri": f"{VERSION_ID}/../../x"}), Reason.HOSTILE),
        (written(data={"resourceUri": f"{VERSION_ID}\n"}), Reason.HOSTILE),
        (written(subject=f"{DEFINITION}/versions/9.9.9"), Reason.INCONSISTENT),
    ],
)
def test_what_is_not_in_order_is_refused_with_its_reason(document: object, reason: Reason) -> None:
    assert refused(document) is reason


def test_what_is_nested_without_end_is_refused() -> None:
    nested: Any = {}
    for _ in range(100_000):
        nested = {"a": nested}

    assert refused(published(data=nested)) is Reason.MALFORMED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from([*written(), *published(), *written()["data"], *published()["data"]])


@given(json_values)
def test_whatever_json_comes_it_is_read_or_refused(document: object) -> None:
    assert isinstance(read_event(document), Received | Refusal)
    assert isinstance(read(document), Refusal)


@given(
    st.sampled_from([published(), written(), as_cloud_event(written())]),
    names,
    json_values,
    st.sampled_from(["data", "event"]),
)
def test_an_event_with_anything_in_one_place_is_understood_in_full_or_refused(
    event: dict[str, Any], name: str, value: object, place: str
) -> None:
    changed = event | ({"data": event["data"] | {name: value}} if place == "data" else {name: value})

    fact = read(changed)

    assert isinstance(fact, Refusal) or fact == read(event)


@given(st.text(max_size=200), st.sampled_from(["id", "type", "source", "subject"]))
def test_a_refusal_quotes_nothing_of_the_event(text: str, name: str) -> None:
    marked = f"\x00secret{text}"

    result = read(published(**{name: marked}))

    assert isinstance(result, Refusal)
    assert "secret" not in result.detail
    assert result.detail.isprintable()
