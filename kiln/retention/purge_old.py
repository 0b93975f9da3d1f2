"""One round of the purge: orphans, histories of orchestrations, runs with their logs, versions and operations.

Each round removes some of each kind, and the next one continues. A round may run twice: it then finds less to do.
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
"""Seconds for one kind: a function that outlives `functionTimeout` (host.json: 30 minutes) takes the worker down."""

log = logging.getLogger("kiln.retention")


async def purge(histories: Histories, now: datetime) -> None:
    """Purge all kinds in parallel.

    A kind that fails or takes too long is logged and stops no other; one that takes too long goes on in its thread
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
