from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.app_settings import set_settings
from triggers.refusals import TooManyRequests
from triggers.throttle import LIMITS, MOST_BUCKETS, SETTING, Kind, Throttle, throttle

SUBSCRIPTION = "00000000-0000-0000-0000-00000000000A"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def emptied(clock: Clock, method: str = "PUT") -> Throttle:
    made = Throttle(clock=clock)
    for _ in range(int(LIMITS[Kind.of(method)].size)):
        made.take(SUBSCRIPTION, method)
    return made


@pytest.mark.parametrize(
    ("method", "name", "left"),
    [
        ("GET", "x-ms-ratelimit-remaining-subscription-reads", 249),
        ("PUT", "x-ms-ratelimit-remaining-subscription-writes", 199),
        ("POST", "x-ms-ratelimit-remaining-subscription-writes", 199),
        ("delete", "x-ms-ratelimit-remaining-subscription-deletes", 199),
    ],
)
def test_every_answer_tells_how_many_requests_of_its_kind_are_left(method: str, name: str, left: int) -> None:
    assert Throttle(clock=Clock()).take(SUBSCRIPTION, method) == {name: str(left)}


def test_a_request_that_names_no_subscription_counts_for_itself() -> None:
    assert Throttle(clock=Clock()).take(None, "GET") == {"x-ms-ratelimit-remaining-tenant-reads": "249"}


def test_who_asks_too_often_is_told_when_to_ask_again_and_may_then() -> None:
    clock = Clock()
    made = emptied(clock)
    with pytest.raises(TooManyRequests, match="limit of writes") as raised:
        made.take(SUBSCRIPTION, "PUT")
    assert raised.value.retry_after == 1
    clock.now += 1
    assert made.take(SUBSCRIPTION, "PUT") == {"x-ms-ratelimit-remaining-subscription-writes": "9"}


def test_subscriptions_and_kinds_do_not_starve_each_other_and_case_makes_no_other_subscription() -> None:
    made = emptied(Clock())
    made.take(SUBSCRIPTION, "GET")
    made.take(SUBSCRIPTION.replace("A", "B"), "PUT")
    with pytest.raises(TooManyRequests):
        made.take(SUBSCRIPTION.lower(), "PUT")


def test_a_bucket_never_holds_more_than_its_size() -> None:
    clock = Clock()
    made = emptied(clock)
    clock.now += 3600
    assert made.take(SUBSCRIPTION, "PUT") == {"x-ms-ratelimit-remaining-subscription-writes": "199"}


def test_full_buckets_are_forgotten_when_there_are_too_many() -> None:
    clock = Clock()
    made = emptied(clock)
    for number in range(MOST_BUCKETS * 2):
        made.take(str(number), "PUT")
        clock.now += 0.001
    assert len(made._buckets) <= MOST_BUCKETS  # this is about memory
    assert int(made.take(SUBSCRIPTION, "PUT")["x-ms-ratelimit-remaining-subscription-writes"]) < 199


@pytest.mark.parametrize(
    ("setting", "left"), [("", "249"), ("2", "499"), ("0.1", "24"), ("0", None), ("many", "249"), ("nan", "249")]
)
def test_a_setting_multiplies_the_limits_0_lifts_them_and_no_number_leaves_them(
    monkeypatch: pytest.MonkeyPatch, setting: str, left: str | None
) -> None:
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state", **{SETTING: setting})
    throttle.cache_clear()
    try:
        header = throttle().take(SUBSCRIPTION, "GET")
    finally:
        throttle.cache_clear()
    assert header == ({"x-ms-ratelimit-remaining-subscription-reads": left} if left else {})
