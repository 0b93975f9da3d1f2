"""Views of the events that Kiln publishes, as the API returns them, and how to follow them.

It owns the parsing and the polling; it knows neither HTTP nor screens.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from kiln.cli.faults import Failure
from kiln.cli.follow import Patience, Trouble
from kiln.cli.views import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOK = 1.0
"""How long to wait before asking for events again after an answer without any, in seconds."""


class EventView(View):
    """The properties of an event that the command shows."""

    id: str
    type: str
    source: str
    subject: str = ""
    time: datetime
    data: dict[str, Any] = Field(default_factory=dict)


class Page(View):
    """Events, each as it was published, and the position after them."""

    value: tuple[dict[str, Any], ...]
    after: str


def follow_events(
    look: Callable[[str | None], Page], sleep: Callable[[float], None], after: str | None, *, keep_on: bool
) -> Iterator[dict[str, Any] | Trouble]:
    """Yield each event after a position (None: all that are kept), and with `keep_on` also each new one.

    Raises the `Failure` of a look if waiting cannot help, or has not helped for long.
    """
    patience = Patience(sleep)
    while True:
        try:
            page = look(after)
        except Failure as failure:
            yield patience.bear(failure)
            patience.wait()
            continue
        patience = Patience(sleep)
        yield from page.value
        if page.after == after and not page.value:
            if not keep_on:
                return
            sleep(LOOK)
        after = page.after
