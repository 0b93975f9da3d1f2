"""The scripts of the chaos depend on their seeds alone."""

from __future__ import annotations

from itertools import islice

from tests.faults.chaos.script import NAMES, asks, blows


def test_a_seed_decides_what_is_asked_and_what_breaks() -> None:
    assert list(islice(asks(7, 0), 50)) == list(islice(asks(7, 0), 50))
    assert list(islice(blows(7), 50)) == list(islice(blows(7), 50))
    assert list(islice(asks(7, 0), 50)) != list(islice(asks(8, 0), 50))
    assert list(islice(blows(7), 50)) != list(islice(blows(8), 50))


def test_each_template_is_submitted_first_by_one_client() -> None:
    first = [ask for client in (0, 1) for ask in islice(asks(7, client), 3 - client)]

    assert {ask.verb for ask in first} == {"PUT"}
    assert sorted(ask.name for ask in first) == sorted(NAMES)
