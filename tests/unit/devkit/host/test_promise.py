"""Promises."""

from __future__ import annotations

from devkit.host.promise import Promise, join


def test_only_the_first_settling_counts() -> None:
    promise, seen = Promise(), list[bool]()
    promise.then(seen.append)
    promise.settle(succeeded=False)
    promise.settle(succeeded=True)
    promise.then(seen.append)
    assert seen == [False, False]


def test_join_of_all_waits_for_every_child_even_a_failed_one() -> None:
    children = [Promise(), Promise()]
    joined = join(children)
    children[0].settle(succeeded=False)
    assert not joined.settled
    children[1].settle(succeeded=True)
    assert joined.settled


def test_join_of_any_is_settled_by_the_first() -> None:
    children = [Promise(), Promise()]
    joined = join(children, wanted=1)
    children[1].settle(succeeded=True)
    assert joined.settled


def test_join_of_nothing_is_settled() -> None:
    assert join([]).settled
