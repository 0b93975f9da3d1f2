"""The timer that sees to what is under way of templates where nobody looks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.lifecycle.reconcile import reconcile_all
from triggers.orchestrations import DurableOrchestrations

EVERY_TWO_MINUTES = "45 */2 * * * *"

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=EVERY_TWO_MINUTES)
@bp.durable_client_input(client_name="client")
async def reconcile_templates(timer: func.TimerRequest, client: Any) -> None:  # noqa: ARG001 - Functions binds by this name
    """See to the templates that are on their way in or out, or begin a run."""
    await reconcile_all(DurableOrchestrations(client), datetime.now(UTC))
