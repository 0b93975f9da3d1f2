"""Long lists in pages: in the order of names, each page beginning after the last name of the one before.

So a page is the same whatever is added or removed around it. It knows names and how to load what has one.
"""

from __future__ import annotations

import base64
import binascii
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kiln.errors import DocumentUnreadable, RequestInvalid
from kiln.runs.reading import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from triggers.call import Call

PAGE_SIZE = 100
READERS = 8
"""Documents that are read at the same time."""

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Page(Generic[ItemT]):
    """Some items, and the token of what follows; None at the end."""

    items: tuple[ItemT, ...]
    token: str | None


def read_page(
    names: Iterable[str],
    load: Callable[[str], ItemT | None],
    token: str | None,
    *,
    newest_first: bool = False,
    size: int = PAGE_SIZE,
) -> Page[ItemT]:
    """Return the page after `token` (None: the first) of what `names` name.

    Items that `load` no longer finds are left out, and so are those that cannot be read, since their properties are not
    known: the log and `kiln doctor` report these.

    `newest_first` reverses the order of names. Raises `RequestInvalid` for a token that no page gave.
    """
    after = _last_name(token) if token is not None else None
    ordered = sorted(set(names), reverse=newest_first)
    if after is not None:
        ordered = [name for name in ordered if (name < after if newest_first else name > after)]
    here, more = ordered[:size], len(ordered) > size
    with ThreadPoolExecutor(READERS) as readers:
        items = tuple(item for item in readers.map(lambda name: _loaded(load, name), here) if item is not None)
    return Page(items, _token(here[-1]) if more else None)


def _loaded(load: Callable[[str], ItemT | None], name: str) -> ItemT | None:
    try:
        return load(name)
    except DocumentUnreadable as error:
        tell(error)
        return None


def listed(call: Call, page: Page[dict[str, Any]]) -> dict[str, Any]:
    """Return a page as Resource Manager shows it: `value`, and `nextLink` when there is more."""
    body: dict[str, Any] = {"value": list(page.items)}
    if page.token is not None:
        body["nextLink"] = call.next_link(page.token)
    return body


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _last_name(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        message = f"The query's $skiptoken is {token!r}; expected one that a nextLink had."
        raise RequestInvalid(message, code="InvalidParameter", target="$skiptoken") from error
