from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure import clock
from devkit.azure.rate_limits import RateLimits

if TYPE_CHECKING:
    import pytest

PATH = "/subscriptions/s/resourceGroups/g"


def test_each_kind_of_request_has_a_bucket_that_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(clock, "now", lambda: now)
    limits = RateLimits()

    def left(method: str, status: int = 200) -> int:
        (value,) = limits.headers(method, PATH, status).values()
        return int(value)

    assert [left("GET"), left("HEAD"), left("PUT"), left("POST"), left("DELETE")] == [249, 248, 199, 198, 199]
    for _ in range(300):
        left("GET")
    assert left("GET") == 0
    now += 2
    assert left("GET") == 2 * 25 - 1
    now += 3600
    assert left("GET") == 249
    assert left("GET", 429) == 0
