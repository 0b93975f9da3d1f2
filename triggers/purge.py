"""The timer that forgets: histories of orchestrations, records of runs and of operations that are older than is wanted.

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
from kiln.runs.retention import purge_operations, purge_runs
from triggers.orchestrations import Orchestrations

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_HOUR = "0 50 * * * *"
ROUNDS = 20
"""Pages of histories for one look: the API's own purge of all at once may outlive the function's time
(azure-functions-durable-extension issues 1145, 2129)."""

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
        await purge_histories(orchestrations, now - timedelta(days=history))
    if retention:
        before = now - timedelta(days=retention)
        await _logged(lambda: purge_runs(before))
        await _logged(lambda: purge_operations(before))


async def purge_histories(orchestrations: Orchestrations, before: datetime) -> int:
    """Purge orchestrations that are over and were created before then. Returns how many."""
    tried: set[str] = set()
    purged = 0
    for _ in range(ROUNDS):
        try:
            found = [each for each in await orchestrations.over(before) if each not in tried]
        except Exception:
            log.exception("old orchestrations could not be listed")
            break
        if not found:
            break
        for instance_id in found:
            tried.add(instance_id)
            try:
                purged += await orchestrations.purge(instance_id, before)
            except Exception:
                log.exception("the history of %s could not be purged", instance_id)
    return purged


async def _logged(work: Callable[[], int]) -> None:
    try:
        await asyncio.to_thread(work)
    except Exception:
        log.exception("what is too old could not be purged")
