"""Starting maintenance: a sweep, an examination and a round of the marketplace's watcher, one of each at a time.

It owns their instance ids. The facts that only the task hub knows, such as lost runs, are found here and passed to the
round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.doctor.contracts import EXAMINE, ExamineRequest
from kiln.lifecycle.lost import find_lost, reconcile_lost, start_again
from kiln.lifecycle.orchestrations import RuntimeStatus
from kiln.rebuild.contracts import WATCH_SOURCES, WatchRequest
from kiln.sweep.contracts import SWEEP, SweepRequest

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.lifecycle.orchestrations import Orchestrations

EXAMINE_INSTANCE = "examine"
SWEEP_INSTANCE = "sweep"
WATCH_INSTANCE = "watch-sources"


async def start_sweep(orchestrations: Orchestrations, now: datetime) -> bool:
    """Start a sweep, and start again what is lost, unless a sweep is going. Returns whether one was started."""
    if await is_sweeping(orchestrations):
        return False
    lost = await find_lost(orchestrations, now)
    await reconcile_lost(orchestrations, lost.templates, now)
    await start_again(orchestrations, lost.unstarted)
    await orchestrations.start(SWEEP, SWEEP_INSTANCE, SweepRequest(lost=lost.runs, problems=lost.problems))
    return True


async def is_sweeping(orchestrations: Orchestrations) -> bool:
    """Whether a sweep is going."""
    return await orchestrations.status(SWEEP_INSTANCE) is RuntimeStatus.RUNNING


async def start_examination(orchestrations: Orchestrations, now: datetime) -> None:
    """Start an examination unless one is going."""
    if await orchestrations.status(EXAMINE_INSTANCE) is RuntimeStatus.RUNNING:
        return
    lost = await find_lost(orchestrations, now)
    await orchestrations.start(
        EXAMINE,
        EXAMINE_INSTANCE,
        ExamineRequest(runs=lost.runs + lost.unstarted, templates=lost.templates, problems=lost.problems),
    )


async def start_watch(orchestrations: Orchestrations) -> bool:
    """Start a round of the marketplace's watcher unless one is going. Returns whether it was started."""
    if await orchestrations.status(WATCH_INSTANCE) is RuntimeStatus.RUNNING:
        return False
    await orchestrations.start(WATCH_SOURCES, WATCH_INSTANCE, WatchRequest())
    return True
