from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devkit.azure import clock
from devkit.azure.gallery_facts import replication
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

TARGETS = [{"name": "West Europe"}, {"name": "northeurope"}]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_clock(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: seconds)

    return set_clock


def test_a_region_goes_from_unknown_over_its_progress_to_completed(at: Callable[[float], None]) -> None:
    version = Resource("/v", "t", {})
    assert replication.status(version, TARGETS)["aggregatedState"] == "InProgress"
    at(100)
    replication.begin(version, "West Europe", 40)
    at(110)
    first, second = replication.status(version, TARGETS)["summary"]
    assert (first["region"], first["state"], first["progress"]) == ("West Europe", "Replicating", 25)
    assert (second["region"], second["state"]) == ("North Europe", "Unknown")
    assert replication.remaining(version) == 30
    at(140)
    assert replication.regional_state(version, "westeurope") == "Completed"
    assert replication.status(version, TARGETS[:1])["aggregatedState"] == "Completed"


def test_a_region_can_be_late_and_fail(at: Callable[[float], None]) -> None:
    version = Resource("/v", "t", {})
    at(0)
    replication.begin(version, "northeurope", 10, fault={"seconds": 60, "state": "Failed", "details": "why"})
    at(50)
    assert replication.failures(version) == {}
    at(60)
    assert replication.failures(version) == {"northeurope": "why"}
    assert replication.status(version, TARGETS)["aggregatedState"] == "Failed"
    replication.keep_only(version, ["westeurope"])
    assert replication.failures(version) == {}
