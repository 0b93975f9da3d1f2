"""Publisher of events to Kiln's Event Grid topic, as the app's identity. It tries once: its callers try again.

It owns the client, its time limits and the size of a request; it must not know what the events say.
"""

from __future__ import annotations

import functools
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.config import config, credential
from kiln.events import journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure.eventgrid import EventGridPublisherClient

    from kiln.events.cloud_events import CloudEvent

BATCH_BYTES = 1_000_000
"""Bytes of one request's array; Event Grid takes 1 MB ("Azure Event Grid quotas and limits")."""
CONNECT_SECONDS = 3
ANSWER_SECONDS = 5
_REASON_LIMIT = 300
TOO_LARGE = 413
_MALFORMED = (400, TOO_LARGE)

log = logging.getLogger("kiln.events")


class PublishFailed(Exception):
    """The topic took none of the events. `lasting` says that it will never take these.

    `too_large` says that their size is the only reason.
    """

    def __init__(self, reason: str, *, lasting: bool, too_large: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting
        self.too_large = too_large


def is_on() -> bool:
    """Tell whether there is a topic, and log once when there is none."""
    if config().topic_endpoint is None:
        _say_off()
        return False
    return True


@functools.cache
def _say_off() -> None:
    log.info("KILN_TOPIC_ENDPOINT is not set: Kiln announces nothing")


@functools.cache
def client(endpoint: str) -> EventGridPublisherClient:
    """Return the process's one client of the topic at `endpoint`."""
    from azure.eventgrid import EventGridPublisherClient

    # azure-eventgrid 4.22 passes the options of `send` to its model of an event, too, which logs a warning of each.
    logging.getLogger("azure.eventgrid").setLevel(logging.ERROR)
    return EventGridPublisherClient(endpoint, credential())


def first_batch(events: Sequence[CloudEvent]) -> list[CloudEvent]:
    """Return as many of the first events as fit into one request, at least one."""
    batch: list[CloudEvent] = []
    size = len("[]")
    for event in events:
        size += len(json.dumps(_wire(event))) + len(", ")
        if batch and size > BATCH_BYTES:
            break
        batch.append(event)
    return batch


def publish(events: Sequence[CloudEvent]) -> None:
    """Publish events, in order, in one request. Raises `PublishFailed` within seconds."""
    from azure.core.exceptions import AzureError, HttpResponseError

    endpoint = config().topic_endpoint
    if endpoint is None:
        raise PublishFailed("KILN_TOPIC_ENDPOINT is not set", lasting=False)
    wire = [_wire(event) for event in events]
    try:
        # The limits go to `send`: azure-eventgrid 4.22 drops those given to its constructor.
        client(endpoint).send(
            wire,
            retry_total=0,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
        )
    except AzureError as error:
        status = error.status_code if isinstance(error, HttpResponseError) else None
        reason = f"{type(error).__name__}: {error.message}"[:_REASON_LIMIT]
        raise PublishFailed(reason, lasting=status in _MALFORMED, too_large=status == TOO_LARGE) from error


def write_journal(events: Sequence[CloudEvent]) -> None:
    """Write events that were published into the journal, all or none. Raises `StorageUnavailable` within a minute."""
    journal.append([_wire(event) for event in events], datetime.now(UTC))


def _wire(event: CloudEvent) -> dict[str, Any]:
    return event.model_dump(mode="json", exclude_none=True)
