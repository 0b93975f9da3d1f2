"""The timer that forgets what is older than is wanted: histories of orchestrations, runs with their logs, operations.

Each look removes some of each and the next goes on; what happens twice finds less to do the second time.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from kiln.config import config
from kiln.retention.old_versions import purge_versions
from kiln.retention.purge import purge_operations, purge_runs
from kiln.retention.stale import remove_stale
from triggers.histories import purge_histories
from triggers.orchestrations import Orchestrations

if TYPE_CHECKING:
    from collections.abc import Awaitable

EVERY_HOUR = "0 50 * * * *"
SECONDS = 1200.0
"""For one kind; `functionTimeout` in host.json is half an hour, and whoever outlives it takes the worker down."""

bp = df.Blueprint()
log = logging.getLogger("kiln.retention")


@bp.timer_trigger(arg_name="timer", schedule=EVERY_HOUR)
@bp.durable_client_input(client_name="client")
async def purge_old(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Remove what is too old."""
    await purge(Orchestrations(client), datetime.now(UTC))


async def purge(orchestrations: Orchestrations, now: datetime) -> None:
    """Remove what is too old, each kind beside the others.

    What cannot be removed, or hangs, is told of in the log, and stops nothing else; what hangs goes on in its thread
    until its own limits end it.
    """
    history, retention = config().history_days, config().retention_days
    before = now - timedelta(days=retention) if retention else None
    kinds: dict[str, Awaitable[int]] = {"documents": asyncio.to_thread(remove_stale, now, before)}
    if history:
        kinds["histories"] = purge_histories(orchestrations, now - timedelta(days=history))
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
