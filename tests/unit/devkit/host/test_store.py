"""The SQLite store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from devkit.host.protocol import EPOCH, EventType, RuntimeStatus, event
from devkit.host.records import Instance, Parent
from devkit.host.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ITEM = Instance(
    instance_id="i",
    name="flow",
    version=None,
    runtime_status=RuntimeStatus.RUNNING,
    input="1",
    output=None,
    custom_status=None,
    created=EPOCH + timedelta(microseconds=1),
    updated=EPOCH + timedelta(microseconds=2),
    execution_id="e",
    parent=Parent("p", "pe", 7),
)
MESSAGE = event(EventType.EVENT_RAISED, EPOCH, Name="go", Input=None)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(":memory:")
    yield opened
    opened.close()


def test_an_instance_survives_unchanged(tmp_path: Path) -> None:
    first = Store(tmp_path / "state.db")
    first.put_instance(ITEM)
    first.close()
    second = Store(tmp_path / "state.db")
    assert second.instance("i") == ITEM
    second.put_instance(replace(ITEM, parent=None))
    assert second.instance("i") == replace(ITEM, parent=None)
    assert second.instance("other") is None
    second.close()


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction():
            store.put_instance(ITEM)
            with store.transaction():
                store.push("i", None, 0, MESSAGE)
            raise RuntimeError("deliberate")

    with pytest.raises(RuntimeError):
        fail()
    assert store.instance("i") is None
    assert store.due_times() == []


def test_instances_are_filtered_by_everything_given(store: Store) -> None:
    later = replace(ITEM, instance_id="j", created=ITEM.created + timedelta(days=1))
    done = replace(ITEM, instance_id="ik", runtime_status=RuntimeStatus.COMPLETED)
    for item in (later, done, ITEM):
        store.put_instance(item)
    assert [item.instance_id for item in store.instances()] == ["i", "ik", "j"]
    assert store.instances([RuntimeStatus.COMPLETED]) == [done]
    assert store.instances(prefix="i") == [ITEM, done]
    assert store.instances(created_from=later.created) == [later]
    assert store.instances([RuntimeStatus.RUNNING], created_to=ITEM.created) == [ITEM]


def test_messages_come_in_order_of_due_time_and_only_when_due(store: Store) -> None:
    for due in (30, 10, 20):
        store.push("i", None, due, {**MESSAGE, "Name": str(due)})
    first = store.inbox("i", 20)
    assert [item.event["Name"] for item in first] == ["10", "20"]
    store.take(first)
    assert store.due_times() == [(30, "i")]


def test_only_wake_ups_of_named_timers_are_dropped(store: Store) -> None:
    store.push("i", "e", 10, MESSAGE, timer=1)
    store.push("i", "e", 11, MESSAGE, timer=2)
    store.push("i", "older", 12, MESSAGE, timer=1)
    store.drop_timers("i", "e", [1])
    assert [due for due, _ in store.due_times()] == [11, 12]


def test_the_next_generation_keeps_what_is_addressed_to_no_generation(store: Store) -> None:
    store.push("i", "e", 10, MESSAGE)
    store.push("i", None, 11, MESSAGE)
    store.clear_inbox("i", keep_for_next_generation=True)
    assert [due for due, _ in store.due_times()] == [11]
    store.clear_inbox("i")
    assert store.due_times() == []


def test_an_activity_is_removed_once(store: Store) -> None:
    seq = store.add_activity("i", "e", 3, "a", None)
    (queued,) = store.activities()
    assert queued == (seq, "i", "e", 3, "a", None)
    assert store.remove_activity(seq)
    assert not store.remove_activity(seq)


def test_deleting_an_instance_deletes_all_that_is_its_own(store: Store) -> None:
    for name in ("i", "other"):
        store.put_instance(replace(ITEM, instance_id=name))
        store.append_history(name, 0, [MESSAGE])
        store.push(name, None, 0, MESSAGE)
        store.add_activity(name, "e", 0, "a", None)
    store.delete_instance("i")
    assert [item.instance_id for item in store.instances()] == ["other"]
    assert (store.history("i"), store.history("other")) == ([], [MESSAGE])
    assert [name for _, name in store.due_times()] == ["other"]
    assert [item.instance_id for item in store.activities()] == ["other"]
