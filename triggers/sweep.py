"""The timer that lets be deleted what is nobody's, and the route by which it is asked for. One sweep at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from kiln.config import binding
from kiln.lifecycle.maintenance import start_sweep
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.health import later
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from triggers.call import Call
    from triggers.reply import Reply

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=binding("KILN_SWEEP_SCHEDULE"))
@bp.durable_client_input(client_name="client")
async def sweep_leftovers(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Start a sweep, unless one is going."""
    await start_sweep(DurableOrchestrations(client), datetime.now(UTC))


@endpoint(bp, "POST", PROVIDER_ROUTE + "/sweep", "sweep/action")
async def sweep_now(call: Call) -> Reply:
    """Sweep now; the health tells what came of it. 202 whether this or an earlier request started it."""
    await start_sweep(call.orchestrations, call.now)
    return later(call, call.now, sweep=True)
