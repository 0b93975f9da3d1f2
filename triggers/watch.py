"""The timer that lets the marketplace be looked at."""

from __future__ import annotations

from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.config import binding
from kiln.lifecycle.maintenance import start_watch
from triggers.orchestrations import DurableOrchestrations

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=binding("KILN_WATCH_SCHEDULE"))
@bp.durable_client_input(client_name="client")
async def watch_marketplace(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Start a round of the watcher, unless one is going."""
    await start_watch(DurableOrchestrations(client))
