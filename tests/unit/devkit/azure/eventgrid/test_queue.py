"""Open deliveries: their order, and those that a new process finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.eventgrid.events import CLOUD_EVENTS
from devkit.azure.eventgrid.queue import Delivery, Queue
from devkit.azure.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def delivery(name: str, due: float, rank: int = 0) -> Delivery:
    document = {"id": name, "type": "t", "source": "/s", "specversion": "1.0"}
    return Delivery("/subscription", CLOUD_EVENTS, document, published=1.0, due=due, rank=rank)


def names(found: list[Delivery]) -> list[str]:
    return [item.document["id"] for item in found]


def test_what_is_due_comes_earliest_first_then_by_rank_then_as_it_was_put() -> None:
    queue = Queue(store := Store(":memory:"))
    for item in (delivery("c", 2), delivery("a", 1), delivery("d", 2), delivery("b", 2, rank=-1), delivery("z", 9)):
        queue.put(item)
    assert queue.next_due() == 1
    assert names(queue.take(2)) == ["a", "b", "c", "d"]
    assert queue.next_due() == 9
    assert names(queue.take(8)) == []
    store.close()


def test_what_was_taken_and_not_ended_is_there_again_in_a_new_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "azure.db")
    queue = Queue(store)
    for item in (delivery("taken", 1), delivery("done", 1), delivery("later", 5)):
        queue.put(item)
    _, done = queue.take(1)
    queue.done(done)
    store.close()
    again = Queue(store := Store(tmp_path / "azure.db"))
    assert names(again.take(9)) == ["taken", "later"]
    store.close()


def test_a_delivery_that_is_put_again_keeps_what_became_of_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "azure.db")
    queue = Queue(store)
    queue.put(delivery("a", 1))
    (taken,) = queue.take(1)
    taken.attempts, taken.outcome, taken.due = 3, "Busy", 7.0
    queue.put(taken)
    store.close()
    (shown,) = Queue(store := Store(tmp_path / "azure.db")).show()
    assert (shown["attempts"], shown["lastOutcome"], shown["due"]) == (3, "Busy", 7.0)
    store.close()
