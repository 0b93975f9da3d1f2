"""Each kind of old documents is purged beside the others: one that hangs or fails costs them nothing."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from kiln.retention import purge_old as module
from kiln.retention.purge_old import purge
from tests.app_settings import set_settings

if TYPE_CHECKING:
    from kiln.retention.histories import Histories

NOW = datetime(2026, 11, 22, 2, 50, tzinfo=UTC)
HISTORIES: Any = None  # the functions that would purge them are replaced
THREADED = ("purge_runs", "purge_versions", "purge_operations", "remove_orphans")


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state.blob.core.windows.net")
    return monkeypatch


@pytest.fixture
def asked(settings: pytest.MonkeyPatch) -> dict[str, tuple[Any, ...]]:
    """The requests to each kind's purge."""
    told: dict[str, tuple[Any, ...]] = {}

    def kind(name: str) -> Any:
        def work(*given: Any) -> int:
            told[name] = given
            return 1

        return work

    async def histories(_: Histories, before: datetime) -> int:
        await asyncio.sleep(0)
        told["purge_histories"] = (before,)
        return 1

    for name in THREADED:
        settings.setattr(module, name, kind(name))
    settings.setattr(module, "purge_histories", histories)
    return told


def test_each_kind_is_asked_for_what_its_setting_says(asked: dict[str, tuple[Any, ...]]) -> None:
    asyncio.run(purge(HISTORIES, NOW))

    before = NOW - timedelta(days=90)
    assert asked == {
        "purge_histories": (NOW - timedelta(days=30),),
        "purge_runs": (before,),
        "purge_versions": (NOW, before),
        "purge_operations": (before,),
        "remove_orphans": (NOW, before),
    }


def test_0_keeps_for_ever_and_what_stayed_behind_goes_all_the_same(
    asked: dict[str, tuple[Any, ...]], settings: pytest.MonkeyPatch
) -> None:
    set_settings(settings, KILN_HISTORY_DAYS="0", KILN_RETENTION_DAYS="0")

    asyncio.run(purge(HISTORIES, NOW))

    assert asked == {"remove_orphans": (NOW, None)}


@pytest.mark.parametrize("name", THREADED)
def test_one_that_hangs_or_fails_costs_the_others_nothing(
    asked: dict[str, tuple[Any, ...]],
    settings: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    free = threading.Event()
    settings.setattr(module, "SECONDS", 0.2)
    settings.setattr(module, name, lambda *_: free.wait(30))
    other = next(each for each in THREADED if each != name)
    settings.setattr(module, other, lambda *_: 1 / 0)

    async def look() -> None:
        await purge(HISTORIES, NOW)
        free.set()

    asyncio.run(look())

    assert set(asked) == {*THREADED, "purge_histories"} - {name, other}
    assert "TimeoutError" in caplog.text
    assert "ZeroDivisionError" in caplog.text
