from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.events import publisher
from kiln.events.cloud_events import CloudEvent
from kiln.events.event_types import EventType
from kiln.events.publisher import BATCH_BYTES, PublishFailed, first_batch, is_on, publish
from tests.app_settings import set_settings
from tests.unit.kiln.runs.records import NOW


def event(number: int, text: str) -> CloudEvent:
    return CloudEvent(
        id=str(number), source="/s", type=EventType.BUILD_FAILED, subject="run", time=NOW, data={"text": text}
    )


@given(st.lists(st.sampled_from([0, 10, 1000, BATCH_BYTES // 3, BATCH_BYTES // 2, BATCH_BYTES]), max_size=8))
def test_batches_keep_order_lose_nothing_and_fit(sizes: list[int]) -> None:
    left = [event(number, "x" * size) for number, size in enumerate(sizes)]
    seen: list[CloudEvent] = []
    while left:
        batch = first_batch(left)
        sent = json.dumps([item.model_dump(mode="json", exclude_none=True) for item in batch])
        assert len(batch) == 1 or len(sent) <= BATCH_BYTES
        seen += batch
        left = left[len(batch) :]
    assert [item.id for item in seen] == [str(number) for number in range(len(sizes))]


def test_size_is_reckoned_as_it_is_sent() -> None:
    wide = [event(number, "ü" * (BATCH_BYTES // 10)) for number in range(2)]  # six characters each in JSON

    assert len(first_batch(wide)) == 1


def test_without_a_topic_it_is_said_once_and_nothing_is_published(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kiln.events")
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state", KILN_TOPIC_ENDPOINT=None)
    publisher._say_off.cache_clear()

    assert not is_on()
    assert not is_on()
    with pytest.raises(PublishFailed, match="KILN_TOPIC_ENDPOINT"):
        publish([event(1, "")])

    assert [record.message for record in caplog.records] == ["KILN_TOPIC_ENDPOINT is not set: Kiln announces nothing"]
