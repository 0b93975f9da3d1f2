"""Webhook triggers over HTTP: whoever has a trigger's secret starts a run with a signed request.

It owns the refusals, and that none reveals what exists: without a valid signature, a trigger that does not exist, one
of another kind and a wrong secret get the same answer.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.automation.pending_events import AllPendingEvents, PendingEvent
from kiln.automation.trigger_secrets import TriggerSecrets
from kiln.errors import DocumentUnreadable, RequestTooLarge, ResourceNotFound
from kiln.lifecycle.fire_trigger import take_and_fire
from kiln.runs.reading import tell
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.refusals import NotSigned
from triggers.reply import Reply
from triggers.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Message, is_signed
from triggers.throttle import throttle

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.secret import Secret
    from triggers.call import Call

BODY_LIMIT = 64 * 1024
"""Largest body, in bytes; it is signed, and not looked into."""

bp = df.Blueprint()


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/triggers/{trigger}/fire", "imageTemplates/triggers/fire/action", signed=True)
async def fire_webhook(call: Call) -> Reply:
    """Fire a Webhook trigger: 202, and the same for the very same request again, which starts nothing.

    The run begins now, or as soon as the trigger's windows and the template's run that is going allow it.
    """
    if len(call.body) > BODY_LIMIT:
        raise RequestTooLarge(f"The request's body has {len(call.body)} bytes; {BODY_LIMIT} are the limit.")
    template, trigger = call.template, call.trigger_name
    signature = call.headers.get(SIGNATURE_HEADER) or ""
    timestamp = call.headers.get(TIMESTAMP_HEADER) or ""
    pending_events, unreadable = None, None
    try:
        pending_events = await asyncio.to_thread(AllPendingEvents().get, template, trigger)
    except DocumentUnreadable as error:
        unreadable = error  # for whoever proves to have the secret
    secret = await asyncio.to_thread(_secret, template, trigger)  # after those: a newer one fits none older
    message = Message(f"{template.arm}/triggers/{trigger}", timestamp, call.body)
    if not is_signed(secret, signature, message, call.now):
        raise NotSigned
    left = throttle().take(template.subscription, call.method)  # it is known now that somebody may
    if unreadable is not None:
        raise unreadable
    if pending_events is None:
        raise ResourceNotFound(f"The image template {template.arm} has no trigger {trigger!r}.", target=trigger)
    delivery = hashlib.sha256(signature.encode()).hexdigest()[:32]
    pending_event = PendingEvent(id=delivery, at=min(datetime.fromtimestamp(int(timestamp), UTC), call.now))
    await take_and_fire(call.orchestrations, pending_events, pending_event, call.now)
    return Reply(HTTPStatus.ACCEPTED, {"delivery": delivery}, left)


def _secret(template: TemplateId, trigger: str) -> Secret | None:
    """Return the trigger's secret; None also if it cannot be read, which nobody without the secret is to learn."""
    try:
        return TriggerSecrets().get(template, trigger)
    except DocumentUnreadable as error:
        tell(error)
        return None
