"""Versions of a source that are new, and those about to go: compared as numbers, none twice, none lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.rebuild.new_versions import Deprecation, SeenVersion, deprecating, new_versions
from kiln.rebuild.source import version_order


def seen(*versions: str, ending: str | None = None) -> tuple[SeenVersion, ...]:
    word = Deprecation(alternative_kind="Offer", alternative="other")
    return tuple(SeenVersion(version=name, deprecation=word if name == ending else None) for name in versions)


@pytest.mark.parametrize(
    ("there", "announced", "new"),
    [
        ((), None, ()),
        ((), "1.0.0", ()),
        (("1.9.0", "1.10.0", "1.2.0"), None, ("1.10.0",)),
        (("1.9.0", "1.10.0", "1.2.0"), "1.9.0", ("1.10.0",)),
        (("1.10.0", "1.9.0", "1.2.0"), "1.1.0", ("1.2.0", "1.9.0", "1.10.0")),
        (("1.0.0",), "1.0.0", ()),
        (("1.0.0",), "2.0.0", ()),
    ],
)
def test_what_is_to_be_announced(there: tuple[str, ...], announced: str | None, new: tuple[str, ...]) -> None:
    assert new_versions(seen(*there), announced) == new


versions = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)).map(lambda v: ".".join(map(str, v)))


@given(st.lists(st.lists(versions, max_size=6), max_size=8))
def test_rounds_announce_in_order_and_nothing_twice(rounds: list[list[str]]) -> None:
    there: set[str] = set()
    announced: list[str] = []
    for published in rounds:
        there |= set(published)
        announced += new_versions(seen(*there), announced[-1] if announced else None)

    assert [version_order(one) for one in announced] == sorted({version_order(one) for one in announced})
    if there:
        assert announced[-1] == max(there, key=version_order)


@pytest.mark.parametrize(
    ("ending", "named", "warned", "expected"),
    [
        (None, (), (), ()),
        ("1.0.9", (), (), ()),
        ("1.0.9", ("1.0.9",), (), ("1.0.9",)),
        ("1.0.9", ("1.0.9",), ("1.0.9",), ()),
        ("1.0.10", ("1.0.9",), (), ("1.0.10",)),
        ("1.0.10", (), ("1.0.10",), ()),
        ("1.0.10", (), ("1.0.9",), ("1.0.10",)),
        ("1.0.9", ("0.9.9",), (), ()),
    ],
)
def test_each_version_in_use_is_warned_of_once(
    ending: str | None, named: tuple[str, ...], warned: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    found = deprecating(seen("1.0.9", "1.0.10", ending=ending), named, warned)

    assert tuple(item.version for item in found) == expected
