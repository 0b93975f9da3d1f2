"""The timer that publishes what builds could not: events that are left in outboxes, in order."""

from __future__ import annotations

import azure.durable_functions as df
import azure.functions as func

from kiln.config import binding
from kiln.events.drain_all import drain_all

bp = df.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule=binding("KILN_OUTBOX_SCHEDULE"))
def publish_outbox(timer: func.TimerRequest) -> None:  # noqa: ARG001 - Functions binds by this name
    """Publish what is left in any outbox."""
    drain_all()
