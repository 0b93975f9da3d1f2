"""The timers of Kiln's maintenance: each does its work or starts it. Only the sweep has an HTTP route, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from kiln.config import binding
from kiln.events.drain_all import drain_all
from kiln.lifecycle.maintenance import start_sweep, start_watch
from kiln.lifecycle.reconcile import reconcile_all
from kiln.lifecycle.schedules import fire_due
from kiln.retention.purge_old import purge
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.health import later
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from triggers.call import Call
    from triggers.reply import Reply

EVERY_MINUTE = "0 * * * * *"
EVERY_TWO_MINUTES = "45 */2 * * * *"
EVERY_HOUR = "0 50 * * * *"

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=EVERY_MINUTE)
@bp.durable_client_input(client_name="client")
async def fire_schedules(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Fire the Schedule triggers that are due, and whatever could not be fired before."""
    await fire_due(DurableOrchestrations(client), datetime.now(UTC))


@bp.timer_trigger(arg_name="timer", schedule=binding("KILN_OUTBOX_SCHEDULE"))
def publish_outbox(timer: func.TimerRequest) -> None:  # noqa: ARG001 - Functions binds by this name
    """Publish the events that builds could not publish, each run's in order."""
    drain_all()


@bp.timer_trigger(arg_name="timer", schedule=binding("KILN_WATCH_SCHEDULE"))
@bp.durable_client_input(client_name="client")
async def watch_marketplace(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Start a look at the marketplace for new versions, unless one is going."""
    await start_watch(DurableOrchestrations(client))


@bp.timer_trigger(arg_name="timer", schedule=EVERY_TWO_MINUTES)
@bp.durable_client_input(client_name="client")
async def reconcile_templates(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Go on with submissions, deletions and beginnings of runs that no request waits for any more."""
    await reconcile_all(DurableOrchestrations(client), datetime.now(UTC))


@bp.timer_trigger(arg_name="timer", schedule=EVERY_HOUR)
@bp.durable_client_input(client_name="client")
async def purge_old(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Delete records, logs and histories that are older than they are kept for."""
    await purge(DurableOrchestrations(client), datetime.now(UTC))


@bp.timer_trigger(arg_name="timer", schedule=binding("KILN_SWEEP_SCHEDULE"))
@bp.durable_client_input(client_name="client")
async def sweep_leftovers(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """Start a sweep, which deletes leftovers, unless one is going."""
    await start_sweep(DurableOrchestrations(client), datetime.now(UTC))


@endpoint(bp, "POST", PROVIDER_ROUTE + "/sweep", "sweep/action")
async def sweep_now(call: Call) -> Reply:
    """Start a sweep; the health report will have its result. 202 whether this or an earlier request started it."""
    await start_sweep(call.orchestrations, call.now)
    return later(call, call.now, sweep=True)
