"""Purge what is older than is wanted: histories of orchestrations, runs with their logs, versions, operations.

Each look removes some of each and the next goes on; what happens twice finds less to do the second time.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.config import config
from kiln.retention.histories import purge_histories
from kiln.retention.old_versions import purge_versions
from kiln.retention.orphans import remove_orphans
from kiln.retention.purge import purge_operations, purge_runs

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from datetime import datetime

    from kiln.retention.histories import Histories

SECONDS = 1200.0
"""For one kind; `functionTimeout` in host.json is half an hour, and whoever outlives it takes the worker down."""

log = logging.getLogger("kiln.retention")


async def purge(histories: Histories, now: datetime) -> None:
    """Remove what is too old, each kind beside the others.

    What cannot be removed, or hangs, is told of in the log, and stops nothing else; what hangs goes on in its thread
    until its own limits end it.
    """
    history, retention = config().history_days, config().retention_days
    before = now - timedelta(days=retention) if retention else None
    kinds: dict[str, Awaitable[int]] = {"documents": asyncio.to_thread(remove_orphans, now, before)}
    if history:
        kinds["histories"] = purge_histories(histories, now - timedelta(days=history))
    if before is not None:
        kinds["runs"] = asyncio.to_thread(purge_runs, before)
        kinds["versions"] = asyncio.to_thread(purge_versions, now, before)
        kinds["operations"] = asyncio.to_thread(purge_operations, before)
    await asyncio.gather(*(_logged(kind, work) for kind, work in kinds.items()))


async def _logged(kind: str, work: Awaitable[int]) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            removed = await work
    except Exception:
        log.exception("%s that are too old could not all be purged", kind)
    else:
        if removed:
            log.info("%d %s that are too old are purged", removed, kind)
