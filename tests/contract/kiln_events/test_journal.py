"""The journal of published events: read from a position on, over days, and purged after a week."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kiln.events import journal
from kiln.events.journal import Position, append, beginning, end, read
from tests.contract.kiln_api.in_process import Api

pytestmark = pytest.mark.usefixtures("azure_environment")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(autouse=True)
def own_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "CONTAINER", f"events-{uuid.uuid4().hex[:12]}")


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "source": f"/subscriptions/{SUBSCRIPTION}/x", "type": "T", **more}


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [found["id"] for found in events]


def test_an_empty_journal_has_a_beginning_and_an_end() -> None:
    assert beginning(NOON) == end(NOON) == Position("2026-11-22", 0)
    assert read(beginning(NOON), NOON) == ([], beginning(NOON))


def test_events_are_read_in_order_and_once() -> None:
    append([event("1"), event("2", data={"text": "\N{SNOWMAN}\n"})], NOON)
    events, position = read(beginning(NOON), NOON)
    assert ids(events) == ["1", "2"]
    assert events[1]["data"]["text"] == "\N{SNOWMAN}\n"
    assert read(position, NOON) == ([], position)
    append([event("3")], NOON)
    assert ids(read(position, NOON)[0]) == ["3"]
    assert end(NOON) == read(position, NOON)[1]


def test_a_page_ends_with_a_whole_event(monkeypatch: pytest.MonkeyPatch) -> None:
    append([event(str(number)) for number in range(50)], NOON)
    monkeypatch.setattr(journal, "PAGE_BYTES", 300)
    found: list[str] = []
    position = beginning(NOON)
    while (page := read(position, NOON))[0]:
        found += ids(page[0])
        position = page[1]
    assert found == [str(number) for number in range(50)]


def test_the_next_day_is_begun_with_when_nothing_more_can_come_for_this_one() -> None:
    append([event("1")], NOON)
    append([event("2")], NOON + DAY)
    _, position = read(beginning(NOON), NOON)
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert read(position, midnight + timedelta(seconds=59))[1] == position
    _, following = read(position, midnight + timedelta(minutes=1))
    assert following == Position("2026-11-23", 0)
    assert ids(read(following, NOON + DAY)[0]) == ["2"]


def test_what_is_older_than_a_week_is_forgotten() -> None:
    for day in range(9):
        append([event(str(day))], NOON + day * DAY)
    assert beginning(NOON) == Position("2026-11-23", 0)
    position, found = Position("2026-11-22", 0), []
    for _ in range(20):
        events, position = read(position, NOON + 8 * DAY)
        found += ids(events)
    assert found == [str(day) for day in range(1, 9)]


@pytest.mark.parametrize("text", ["", "x", "2026-11-22", "2026-11-22:-1", "2026-11-22:1.5", "../x:0"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a position"):
        Position.parse(text)


def listed(subscription: str = SUBSCRIPTION, **query: str) -> Any:
    path = f"/subscriptions/{subscription}/providers/Microsoft.VirtualMachineImages/events"
    return Api(judged=False)("GET", path, query=query)


def test_the_api_tells_a_subscriptions_events_and_where_to_go_on() -> None:
    now = datetime.now(UTC)
    assert listed(after="latest").body["value"] == []
    append([event("1"), {**event("2"), "source": "/subscriptions/other/x"}], now)
    first = listed().body
    assert ids(first["value"]) == ["1"]
    assert listed(after=first["after"]).body == {"value": [], "after": first["after"]}
    assert listed(after="latest").body["after"] == first["after"]
    refused = listed(after="yesterday")
    assert (refused.status, refused.error["target"]) == (400, "after")
