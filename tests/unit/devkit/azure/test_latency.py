from __future__ import annotations

from devkit.azure.latency import AZURE, INSTANT
from devkit.azure.services import services


def test_scaling_keeps_whole_seconds_for_retry_after() -> None:
    scaled = AZURE.scaled(0.25)
    assert scaled.seconds("vm.put") == AZURE.seconds("vm.put") / 4
    assert (scaled.retry_after, INSTANT.scaled(9).retry_after) == (3, 0)


def test_every_kind_of_operation_has_its_time_in_the_azure_profile() -> None:
    timed_by_region = {"version.put"}
    assert set(services().works) - set(AZURE.table) == timed_by_region
