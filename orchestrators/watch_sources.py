"""One round of the watcher: every marketplace image that templates follow is looked at once, some at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.rebuild.contracts import CHECK_SOURCE, LIST_SOURCES, WATCH_SOURCES, WatchRequest, WatchRound
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

AT_ONCE = 10
"""Looks in parallel: Azure allows a subscription far more reads than that ("Azure Resource Manager limits")."""

LIMIT = timedelta(minutes=10)
"""The time after which a round begins no more looks: the next one is due in 15 minutes, and waits for its end."""
LITTLE = (timedelta(seconds=2),)
"""The pause before an activity whose host failed is tried once more; a look that failed says so itself."""


@orchestrator(WATCH_SOURCES, root=True)
def watch_sources(flow: Flow, _: WatchRequest) -> Steps[Nothing]:
    """Look at each source, some at a time, as long as the round lasts; the next one sees what this one missed."""
    (watched,) = yield from flow.run_all(LIST_SOURCES, [WatchRound(at=flow.stamp)], delays=LITTLE)
    end = flow.now + LIMIT
    for start in range(0, len(watched.sources), AT_ONCE):
        if flow.now >= end:
            break
        yield from flow.run_each(CHECK_SOURCE, list(watched.sources[start : start + AT_ONCE]), delays=LITTLE)
    return Nothing()
