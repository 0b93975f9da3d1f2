"""A round of the watcher has an end, however many sources hang: by virtual time, the bound of each and of the whole."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import orchestrators
from activities.sources import CHECK_SECONDS
from devkit.host.testing import FlowResult, FlowRunner
from kiln.rebuild.contracts import (
    CHECK_SOURCE,
    LIST_SOURCES,
    WATCH_SOURCES,
    SourceReport,
    WatchedSource,
    WatchedSources,
    WatchRequest,
)
from kiln.rebuild.source import MarketplaceImage
from orchestrators import watch_sources
from orchestrators.envelope import success
from orchestrators.watch_sources import LIMIT, LITTLE

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 2
HANGING = timedelta(seconds=CHECK_SECONDS)
"""The time that a batch with a hanging source takes."""
EVERY = timedelta(minutes=15)
"""The time between rounds (triggers/watch.py)."""


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make batches small, for the histories of large ones take long to be checked."""
    monkeypatch.setattr(watch_sources, "AT_ONCE", AT_ONCE)


def watch(count: int, batch: timedelta, trouble: Callable[[int], None] = lambda _: None) -> FlowResult:
    """Run a round over `count` sources, of which each batch takes so long; `trouble` gets each look's number."""
    looked = 0

    def listed(payload: Any) -> Any:
        sources = tuple(
            WatchedSource(
                subscription="s",
                source=MarketplaceImage(region="westeurope", publisher="P", offer="O", sku=f"{number}"),
                at=payload["at"],
            )
            for number in range(count)
        )
        return success(WatchedSources(sources=sources))

    def look(_: Any) -> Any:
        nonlocal looked
        looked += 1
        runner.clock.advance(batch / AT_ONCE)  # the local host runs activities one after the other, Azure at once
        trouble(looked)
        return success(SourceReport())

    runner = FlowRunner(
        orchestrators=list(orchestrators.blueprints), activities={LIST_SOURCES.name: listed, CHECK_SOURCE.name: look}
    )
    result = runner.run(WATCH_SOURCES.name, WatchRequest().model_dump(mode="json"))
    assert result.status == "Completed"
    return result


@pytest.mark.parametrize("count", [0, 1, 2, 3, 25])
def test_all_are_looked_at_while_there_is_time(count: int) -> None:
    skus = [call.input["source"]["sku"] for call in watch(count, timedelta(seconds=10)).calls_of(CHECK_SOURCE.name)]

    assert skus == [str(number) for number in range(count)]


def test_sources_that_hang_without_end_do_not_make_the_round_longer_than_its_bound_and_one_look() -> None:
    result = watch(100, HANGING)

    calls = result.calls_of(CHECK_SOURCE.name)
    begun = [call.at - result.started for call in calls[::AT_ONCE]]
    assert all(at < LIMIT for at in begun)
    assert len(calls) == AT_ONCE * 14, "13 batches of 45 s end within 10 minutes, and one more begins"
    assert LIMIT < result.elapsed < LIMIT + HANGING + timedelta(seconds=1) < EVERY


def test_a_batch_that_begins_right_at_the_bound_does_not_begin() -> None:
    assert len(watch(100, LIMIT / 4).calls_of(CHECK_SOURCE.name)) == AT_ONCE * 4


def test_hosts_that_die_at_each_look_are_within_the_bound_as_well() -> None:
    def die(_: int) -> None:
        raise ConnectionError("the host died")

    result = watch(100, HANGING, die)

    twice = 2 * HANGING + sum(LITTLE, timedelta())
    assert LIMIT < result.elapsed < LIMIT + twice + timedelta(seconds=1) < EVERY
