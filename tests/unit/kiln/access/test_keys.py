from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from kiln.access.keys import FIRST_PAUSE, LIFETIME, PAUSE, Keys, read_published
from kiln.errors import SignInUnavailable
from tests.authority import ADDRESS, V1, V2, Authority

DOCUMENTS = 4
"""The documents that are fetched: two configurations, and the keys of each."""


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(authority: Authority, clock: Clock) -> Keys:
    return Keys(ADDRESS, authority.fetch, clock)


def has(keys: Keys, key_id: str) -> bool:
    return asyncio.run(keys.published(key_id)).key(key_id) is not None


def test_keys_are_fetched_when_they_are_first_needed_and_then_known(authority: Authority, keys: Keys) -> None:
    assert authority.asked == []
    assert has(keys, "one")
    assert has(keys, "one")
    assert len(authority.asked) == DOCUMENTS


def test_both_issuers_have_their_keys(keys: Keys) -> None:
    assert asyncio.run(keys.published()).issuers == {V1, V2}


def test_a_new_key_is_fetched_when_a_token_names_it(authority: Authority, clock: Clock, keys: Keys) -> None:
    assert has(keys, "one")
    authority.key_ids = ["one", "two"]
    clock.now += PAUSE
    assert has(keys, "two")
    authority.key_ids = ["two"]
    clock.now += LIFETIME
    assert not has(keys, "one")


def test_unknown_keys_do_not_let_the_authority_be_asked_over_and_over(
    authority: Authority, clock: Clock, keys: Keys
) -> None:
    for number in range(50):
        assert not has(keys, f"made up {number}")
    assert len(authority.asked) == DOCUMENTS
    clock.now += PAUSE
    assert not has(keys, "made up")
    assert len(authority.asked) == 2 * DOCUMENTS


def test_keys_are_fetched_anew_after_a_day(authority: Authority, clock: Clock, keys: Keys) -> None:
    assert has(keys, "one")
    clock.now += LIFETIME - 1
    assert has(keys, "one")
    assert len(authority.asked) == DOCUMENTS
    clock.now += 1
    assert has(keys, "one")
    assert len(authority.asked) == 2 * DOCUMENTS


def test_without_any_keys_nobody_is_judged(authority: Authority, clock: Clock, keys: Keys) -> None:
    authority.is_up = False
    with pytest.raises(SignInUnavailable):
        has(keys, "one")
    authority.is_up = True
    with pytest.raises(SignInUnavailable):
        has(keys, "one")
    clock.now += FIRST_PAUSE
    assert has(keys, "one")


def test_known_keys_stay_good_while_the_authority_is_down(
    authority: Authority, clock: Clock, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    assert has(keys, "one")
    authority.is_up = False
    clock.now += LIFETIME
    for _ in range(5):
        assert has(keys, "one")
        clock.now += PAUSE / 10
    assert caplog.text.count("the signing keys of") == 1


def test_many_who_come_at_once_wait_for_one_fetch(authority: Authority) -> None:
    may_go, begun = threading.Event(), threading.Event()

    def slow(url: str) -> Any:
        begun.set()
        may_go.wait(10)
        return authority.fetch(url)

    keys = Keys(ADDRESS, slow)

    async def all_of_them() -> int:
        waiting = [asyncio.create_task(keys.published("one")) for _ in range(200)]
        await asyncio.to_thread(begun.wait, 10)
        may_go.set()
        return len(await asyncio.gather(*waiting))

    assert asyncio.run(all_of_them()) == 200
    assert len(authority.asked) == DOCUMENTS


def test_keys_that_are_published_without_encryption_are_none() -> None:
    with pytest.raises(ValueError, match="https"):
        read_published(ADDRESS, lambda _: {"issuer": V2, "jwks_uri": "http://login.example/keys"})
