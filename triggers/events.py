"""The function that Event Grid sends events to, in either of its schemas.

An error that is raised makes Event Grid send the event again, and keep it as a dead letter in the end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.lifecycle.events import take
from triggers.orchestrations import DurableOrchestrations

bp = df.Blueprint()


@bp.event_grid_trigger(arg_name="event")
@bp.durable_client_input(client_name="client")
async def on_event(event: func.CloudEvent, client: Any) -> None:
    """Act on one event, whichever schema it comes in."""
    await take(document(event), DurableOrchestrations(client), datetime.now(UTC))


def document(event: func.CloudEvent | func.EventGridEvent) -> dict[str, Any]:
    """Return an event as it came: the binding makes an object of its own of each schema."""
    if isinstance(event, func.CloudEvent):
        return {
            "specversion": "1.0",
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "subject": event.subject,
            "time": event.time.isoformat() if event.time else None,
            "data": event.get_json(),
        }
    return {
        "id": event.id,
        "topic": event.topic,
        "eventType": event.event_type,
        "subject": event.subject,
        "eventTime": event.event_time.isoformat() if event.event_time else None,
        "data": event.get_json(),
    }
