"""The validation handshake: an endpoint proves that it wants events, by its answer or by a visit to a validation URL.

It owns the two handshakes' course ("Endpoint validation with Event Grid event schema", "... by using CloudEvents
schema"); it must not know HTTP.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from devkit.azure.errors import ArmError
from devkit.azure.eventgrid.destinations import base_url, destination_of
from devkit.azure.eventgrid.events import CLOUD_EVENTS

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.eventgrid.sender import Reply
    from devkit.azure.store import Resource

_PAUSE_SECONDS = 5.0  # "it's reattempted after 5 seconds"
_BY_HAND_SECONDS = 600.0  # "the provided URL is valid for 10 minutes"
_WAITING = "AwaitingManualAction"


async def validate(cloud: Cloud, subscription: Resource) -> None:
    """Ask a webhook whether it wants events; a function is not asked. Raises ArmError (400) if it proves nothing."""
    if destination_of(subscription)["endpointType"] != "WebHook":
        return
    reply = await _ask(cloud, subscription)
    if reply is not None and reply.attempt.status is None:  # no answer: asked once more
        await asyncio.sleep(_PAUSE_SECONDS * cloud.time_scale)
        reply = await _ask(cloud, subscription)
    if reply is None:
        return
    if reply.attempt.status != 200:  # noqa: PLR2004  # with it, the question was taken, and may be answered by hand
        raise _failed(subscription, reply)
    subscription.properties["provisioningState"] = _WAITING
    subscription.private["until"] = cloud.events.time.now() + _BY_HAND_SECONDS
    cloud.store.save(subscription)


async def _ask(cloud: Cloud, subscription: Resource) -> Reply | None:
    url, callback = subscription.private["endpointUrl"], subscription.private["callback"]
    sender = cloud.events.sender
    if subscription.properties["eventDeliverySchema"] == CLOUD_EVENTS:
        return await sender.ask_permission(url, callback)
    audience = destination_of(subscription)["properties"].get("azureActiveDirectoryApplicationIdOrUri")
    topic = subscription.properties["topic"]
    return await sender.validate(url, subscription.name, topic, callback, audience)


def _failed(subscription: Resource, reply: Reply) -> ArmError:
    method = "OPTIONS" if subscription.properties["eventDeliverySchema"] == CLOUD_EVENTS else "POST"
    status, outcome = reply.attempt.status, reply.attempt.outcome
    return ArmError(
        400,
        "Url validation",
        f"Webhook validation handshake failed for {base_url(subscription.private['endpointUrl'])}. Http {method} "
        f"request failed with response code {outcome if status is None else status}. "
        "For troubleshooting, visit https://aka.ms/esvalidation.",
    )


def accept_by_hand(cloud: Cloud, subscription: Resource) -> None:
    """Take a visit to the validation URL for the proof. Raises ArmError (400) if nothing waits for it any more."""
    expire(cloud, subscription)
    if subscription.properties["provisioningState"] != _WAITING:
        raise ArmError(400, "BadRequest", "The event subscription does not wait for validation.")
    subscription.properties["provisioningState"] = "Succeeded"
    cloud.store.save(subscription)


def expire(cloud: Cloud, subscription: Resource) -> None:
    """Fail a subscription whose ten minutes are over."""
    waiting = subscription.properties["provisioningState"] == _WAITING
    if waiting and cloud.events.time.now() > subscription.private["until"]:
        subscription.properties["provisioningState"] = "Failed"
        cloud.store.save(subscription)
