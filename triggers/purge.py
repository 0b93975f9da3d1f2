"""The timer that lets be purged what is older than is wanted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.retention.purge_old import purge
from triggers.orchestrations import DurableOrchestrations

EVERY_HOUR = "0 50 * * * *"

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=EVERY_HOUR)
@bp.durable_client_input(client_name="client")
async def purge_old(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Purge what is too old."""
    await purge(DurableOrchestrations(client), datetime.now(UTC))
