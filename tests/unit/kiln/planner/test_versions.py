from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.planner.versions import LARGEST, as_numbers, is_version, next_version

DOCUMENTED = ("0.1.1", "0.1.2", "1.0.0", "1.0.1", "1.1.0", "1.1.1", "1.2.0", "2.0.0", "2.0.1", "2.1.0")
"""The versions of the example in Microsoft's image-builder-json, "Versioning"."""

NUMBERS = st.integers(min_value=0, max_value=LARGEST - 1)
VERSIONS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda parts: ".".join(map(str, parts))), max_size=8)


@pytest.mark.parametrize(("major", "expected"), [(None, "2.1.1"), (2, "2.1.1"), (1, "1.2.1"), (0, "0.1.3")])
def test_the_documented_examples(major: int | None, expected: str) -> None:
    assert next_version(DOCUMENTED, major) == expected


@pytest.mark.parametrize(("major", "expected"), [(None, "1.0.0"), (0, "0.0.1"), (1, "1.0.0"), (7, "7.0.0")])
def test_the_first_version_of_a_definition_or_of_a_major(major: int | None, expected: str) -> None:
    assert next_version((), major) == expected
    assert next_version(("5.4.3",), major) == ("5.4.4" if major is None else expected)


def test_versions_are_numbers_not_texts() -> None:
    assert next_version(("1.9.0", "1.10.0", "1.2.7")) == "1.10.1"


def test_leading_zeros_count_for_nothing() -> None:
    assert next_version(("24.04.202510010", "24.4.9")) == "24.4.202510011"
    assert next_version(("2022.10.03",), 2022) == "2022.10.4"


def test_after_the_largest_patch_comes_the_next_minor() -> None:
    assert next_version((f"1.2.{LARGEST}",)) == "1.3.0"


@given(VERSIONS)
def test_the_next_version_is_new_and_the_highest(existing: list[str]) -> None:
    version = next_version(tuple(existing))

    assert is_version(version)
    assert version not in existing
    assert all(as_numbers(version) > as_numbers(other) for other in existing)


@given(VERSIONS, st.integers(min_value=0, max_value=3))
def test_a_major_keeps_to_itself(existing: list[str], major: int) -> None:
    version = next_version(tuple(existing), major)

    assert as_numbers(version)[0] == major
    under = [as_numbers(other) for other in existing if as_numbers(other)[0] == major]
    assert all(as_numbers(version) > other for other in under)


@given(VERSIONS, st.randoms(use_true_random=False))
def test_the_order_in_which_azure_lists_versions_does_not_matter(existing: list[str], random: object) -> None:
    shuffled = sorted(existing, key=lambda _: random.random())  # type: ignore[attr-defined]  # hypothesis's Random

    assert next_version(tuple(shuffled)) == next_version(tuple(existing))


@pytest.mark.parametrize("text", ["", "latest", "1.2", "1.2.3.4", "1.2.x", f"1.2.{LARGEST + 1}", "-1.0.0", "1.0.0\n"])
def test_what_no_gallery_version_can_be(text: str) -> None:
    assert not is_version(text)


@pytest.mark.parametrize("text", ["0.0.1", "20348.4294.251009", f"1.2.{LARGEST}", "24.04.202510010", "2022.10.03"])
def test_what_a_gallery_version_can_be(text: str) -> None:
    assert is_version(text)
