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
from kiln.runs.old_versions import purge_versions
from kiln.runs.retention import purge_operations, purge_runs
from kiln.runs.stale import remove_stale
from triggers.histories import purge_histories
from triggers.orchestrations import Orchestrations

if TYPE_CHECKING:
    from collections.abc import Awaitable

EVERY_HOUR = "0 50 * * * *"

bp = df.Blueprint()
log = logging.getLogger("kiln.retention")


@bp.timer_trigger(arg_name="timer", schedule=EVERY_HOUR)
@bp.durable_client_input(client_name="client")
async def purge_old(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Remove what is too old."""
    await purge(Orchestrations(client), datetime.now(UTC))


async def purge(orchestrations: Orchestrations, now: datetime) -> None:
    """Remove what is too old; what cannot be removed is told of in the log, and stops nothing else."""
    history, retention = config().history_days, config().retention_days
    if history:
        await _logged(purge_histories(orchestrations, now - timedelta(days=history)))
    if retention:
        before = now - timedelta(days=retention)
        await _logged(asyncio.to_thread(purge_runs, before))
        await _logged(asyncio.to_thread(purge_versions, now, before))
        await _logged(asyncio.to_thread(purge_operations, before))
    await _logged(asyncio.to_thread(remove_stale, now, now - timedelta(days=retention) if retention else None))


async def _logged(work: Awaitable[int]) -> None:
    try:
        await work
    except Exception:
        log.exception("what is too old could not be purged")
