"""Plan the requests for a page blob: gather its page ranges into requests of a sensible size. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST = 4 * 1024 * 1024
"""The most bytes of one request: Azure returns a checksum for ranges up to 4 MiB, which is worth a round trip."""
WORTH_SKIPPING = 128 * 1024
"""The shortest gap of zeros that is skipped, in bytes; downloading a shorter one is cheaper than another request."""


@dataclass(frozen=True)
class Span:
    """Bytes `start` to `end`, without `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.end - self.start


@dataclass(frozen=True)
class Request:
    """One span to ask for, and the spans within it that are written; the rest of it is zeros."""

    span: Span
    pages: tuple[Span, ...]


def requests(pages: Iterable[Span]) -> Iterator[Request]:
    """Yield the requests that fetch `pages`, which are in order and do not overlap."""
    gathered: list[Span] = []
    for page in _pieces(pages):
        if gathered and _too_far(gathered, page):
            yield _request(gathered)
            gathered = []
        gathered.append(page)
    if gathered:
        yield _request(gathered)


def _pieces(pages: Iterable[Span]) -> Iterator[Span]:
    """Yield the pages, cut so that each fits a request."""
    for page in pages:
        for start in range(page.start, page.end, LARGEST):
            yield Span(start, min(start + LARGEST, page.end))


def _too_far(gathered: list[Span], page: Span) -> bool:
    return page.end - gathered[0].start > LARGEST or page.start - gathered[-1].end >= WORTH_SKIPPING


def _request(gathered: list[Span]) -> Request:
    return Request(Span(gathered[0].start, gathered[-1].end), tuple(gathered))
