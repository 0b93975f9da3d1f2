"""The timer that fires Schedule triggers, and whatever else waits to be fired."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.lifecycle.schedules import fire_due
from triggers.orchestrations import DurableOrchestrations

EVERY_MINUTE = "0 * * * * *"

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=EVERY_MINUTE)
@bp.durable_client_input(client_name="client")
async def fire_schedules(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Fire what is due, and what could not be fired before."""
    await fire_due(DurableOrchestrations(client), datetime.now(UTC))
