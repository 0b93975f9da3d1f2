"""The timer that publishes what builds could not: events that are left in outboxes, in order."""

from __future__ import annotations

import os

import azure.durable_functions as df
import azure.functions as func

from kiln.events.drain import drain_all

SETTING = "KILN_OUTBOX_SCHEDULE"
EVERY_MINUTE = "0 * * * * *"

bp = df.Blueprint()


def schedule(setting: str, default: str) -> str:
    """Return a timer's NCRONTAB schedule: an app setting if there is one; Functions itself knows no default."""
    return f"%{setting}%" if os.environ.get(setting) else default


@bp.timer_trigger(arg_name="timer", schedule=schedule(SETTING, EVERY_MINUTE))
def publish_outbox(timer: func.TimerRequest) -> None:  # noqa: ARG001 - Functions binds by this name
    """Publish what is left in any outbox."""
    drain_all()
