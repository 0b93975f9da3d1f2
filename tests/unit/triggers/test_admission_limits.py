"""Rate limits of callers: one who is not let in uses up nothing of another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app_settings import set_settings
from tests.unit.triggers.door import AUTHORITY, BAD_TOKENS, TEMPLATE, TOKENS, door
from triggers.endpoint import HANDLERS
from triggers.throttle import LIMITS, SETTING, Kind, throttle

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    throttle.cache_clear()
    yield
    throttle.cache_clear()


def few(monkeypatch: pytest.MonkeyPatch, kind: Kind, requests: int = 2) -> None:
    set_settings(monkeypatch, **{SETTING: str(requests / LIMITS[kind].size)})
    throttle.cache_clear()


def test_who_is_not_let_in_uses_up_nothing_of_a_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, Kind.READS)
    there = door()
    for caller in ["anonymous", "without a role"] * 20:
        assert there.ask("GET", TEMPLATE, TOKENS[caller]).status_code in {401, 403, 429}
    response = there.ask("GET", TEMPLATE, TOKENS["Kiln.Reader"])
    assert (response.status_code, response.headers["x-ms-ratelimit-remaining-subscription-reads"]) == (204, "1")
    there.ask("GET", TEMPLATE, TOKENS["Kiln.Reader"])
    assert there.ask("GET", TEMPLATE, TOKENS["Kiln.Reader"]).status_code == 429


def test_strangers_are_counted_together_whatever_they_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, Kind.REFUSALS)
    first = {route: next(iter(methods)) for route, methods in HANDLERS.items()}
    unsigned = [(method, route) for route, method in first.items() if not HANDLERS[route][method].signed]
    tokens = [None, *BAD_TOKENS.values()]
    statuses = [
        door(method, route).ask(method, route, token).status_code
        for (method, route), token in zip(unsigned, tokens, strict=False)
    ]
    assert statuses[:2] == [401, 401]
    assert statuses.count(429) >= len(statuses) - 3  # one may have come back meanwhile
    assert door().ask("GET", TEMPLATE, TOKENS["Kiln.Reader"]).status_code == 204


def test_a_caller_who_may_not_is_counted_apart_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, Kind.REFUSALS)
    other = AUTHORITY.token(oid="aaaaaaaa-0000-0000-0000-000000000002")
    there = door()
    statuses = [there.ask("GET", TEMPLATE, TOKENS["without a role"]).status_code for _ in range(6)]
    assert (statuses[:2], statuses[-1]) == ([403, 403], 429)
    assert there.ask("GET", TEMPLATE, other).status_code == 403
    assert there.ask("GET", TEMPLATE, None).status_code == 401
