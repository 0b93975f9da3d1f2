"""The timer that lets the marketplace be looked at. One round at a time: a round that is late is not overtaken."""

from __future__ import annotations

import os
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.contracts import WATCH_SOURCES
from kiln.lifecycle.orchestrations import Life, Orchestrations
from kiln.rebuild.messages import WatchRequest
from triggers.orchestrations import DurableOrchestrations

SCHEDULE = os.environ.get("KILN_WATCH_SCHEDULE", "0 */15 * * * *")
"""NCRONTAB, read when the app starts: the setting `KILN_WATCH_SCHEDULE`."""
INSTANCE = "watch-sources"

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=SCHEDULE)
@bp.durable_client_input(client_name="client")
async def watch_marketplace(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Start a round of the watcher, unless one is going."""
    await start_round(DurableOrchestrations(client))


async def start_round(orchestrations: Orchestrations) -> bool:
    """Start a round unless one is going. Returns whether it did."""
    if await orchestrations.life(INSTANCE) is Life.GOING:
        return False
    await orchestrations.start(WATCH_SOURCES, INSTANCE, WatchRequest())
    return True
