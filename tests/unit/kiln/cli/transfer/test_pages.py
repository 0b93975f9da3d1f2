from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kiln.cli.transfer.pages import LARGEST, WORTH_SKIPPING, Request, Span, requests

MIB = 1024 * 1024


def test_no_pages_need_no_request() -> None:
    assert list(requests([])) == []


def test_neighbours_share_a_request_and_keep_their_own_places() -> None:
    near = [Span(0, 512), Span(4096, 8192)]

    assert list(requests(near)) == [Request(Span(0, 8192), tuple(near))]


def test_a_large_gap_is_not_downloaded() -> None:
    far = [Span(0, 512), Span(512 + WORTH_SKIPPING, 1024 + WORTH_SKIPPING)]

    assert [request.span for request in requests(far)] == far


def test_a_large_page_is_cut() -> None:
    spans = [request.span for request in requests([Span(0, LARGEST + 512)])]

    assert spans == [Span(0, LARGEST), Span(LARGEST, LARGEST + 512)]


@given(st.lists(st.tuples(st.integers(0, MIB), st.integers(1, 6 * MIB)), max_size=20))
def test_every_byte_of_every_page_is_fetched_once_and_no_request_is_too_large(steps: list[tuple[int, int]]) -> None:
    pages, position = [], 0
    for gap, size in steps:
        pages.append(Span(position + gap, position + gap + size))
        position += gap + size

    made = list(requests(pages))

    assert sum(page.size for request in made for page in request.pages) == sum(page.size for page in pages)
    assert all(request.span.size <= LARGEST for request in made)
    assert all(before.span.end <= after.span.start for before, after in pairwise(made))
    assert all(
        request.span.start <= page.start and page.end <= request.span.end for request in made for page in request.pages
    )
