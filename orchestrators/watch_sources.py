"""One round of the watcher: every marketplace image that templates follow is looked at once, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import LIST_SOURCES, LOOK_AT_SOURCE, WATCH_SOURCES
from kiln.errors import BuildError
from kiln.messages import Nothing
from kiln.messages.rebuilds import WatchRequest, WatchRound
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

AT_ONCE = 10
"""Looks side by side: Azure allows a subscription far more reads than that ("Azure Resource Manager limits")."""


@orchestrator(WATCH_SOURCES, root=True)
def watch_sources(flow: Flow, _: WatchRequest) -> Steps[Nothing]:
    """Look at each source. Raises the last fault after all were looked at; the next round sees what this one missed."""
    watched = yield from flow.run(LIST_SOURCES, WatchRound(at=flow.stamp))
    fault: BuildError | None = None
    for start in range(0, len(watched.sources), AT_ONCE):
        try:
            yield from flow.run_all(LOOK_AT_SOURCE, list(watched.sources[start : start + AT_ONCE]))
        except BuildError as error:
            fault = error
    if fault is not None:
        raise fault
    return Nothing()
