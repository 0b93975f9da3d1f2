from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.errors import RequestInvalid
from triggers.paging import read_page

NAMES = st.lists(st.text("ab-.Z09é", min_size=1, max_size=5), unique=True)


def walk(names: list[str], size: int, *, newest_first: bool = False) -> list[str]:
    """Return the items of all pages together."""
    found: list[str] = []
    token: str | None = None
    while True:
        page = read_page(names, str, token, newest_first=newest_first, size=size)
        found += page.items
        token = page.token
        if token is None:
            return found


@given(NAMES, st.integers(1, 4))
def test_the_pages_together_are_the_whole_list_in_order(names: list[str], size: int) -> None:
    assert walk(names, size) == sorted(names)
    assert walk(names, size, newest_first=True) == sorted(names, reverse=True)


@given(NAMES.filter(lambda names: len(names) > 2), NAMES)
def test_a_page_is_the_same_whatever_is_added_or_removed_before_it(names: list[str], added: list[str]) -> None:
    first = read_page(names, str, None, size=2)
    last = first.items[-1]
    later = [name for name in names if name > last]
    before = [name for name in added if name <= last]
    assert walk([*later, *before], 2)[len(set(before)) :] == sorted(later)
    assert read_page([*later, *before], str, first.token, size=2).items == tuple(sorted(later)[:2])


def test_what_is_gone_by_now_is_left_out_and_the_next_page_is_there_all_the_same() -> None:
    page = read_page(["a", "b", "c"], lambda name: None if name == "b" else name, None, size=2)
    assert page.items == ("a",)
    assert read_page(["a", "b", "c"], str, page.token, size=2).items == ("c",)


@pytest.mark.parametrize("token", ["é", "a", "////", "-_8"])
def test_a_token_that_no_page_gave_is_refused(token: str) -> None:
    with pytest.raises(RequestInvalid, match="nextLink"):
        read_page(["a"], str, token)
