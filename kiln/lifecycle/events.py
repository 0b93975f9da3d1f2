"""Handling of incoming events: new versions of sources start rebuilds, and each event fires its `Event` triggers.

A refused event is logged, counted and accepted: it would be no better the next time. Any other failure is raised, so
that Event Grid delivers the event again, and dead-letters it in the end.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from kiln.events.received import (
    GalleryVersionWritten,
    Reason,
    Received,
    Refusal,
    SourceImageVersionPublished,
    read_event,
    read_fact,
)
from kiln.ids import digest
from kiln.lifecycle.event_triggers import IncomingEvent, fire_listeners
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.rebuild.contracts import REBUILD, SourceVersion
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.source import GalleryDefinition, MarketplaceImage

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.events.received import Fact

REFUSED = "refused"
UNFOLLOWED = "nothing follows it"

log = logging.getLogger("kiln.events")


class ListenersFailed(Exception):
    """An event could not fire some of its triggers; the others were fired."""

    def __init__(self, failed: tuple[str, ...]) -> None:
        more = f" and {len(failed) - 1} more" if failed[1:] else ""
        super().__init__(f"the event must be delivered again, since it did not fire {failed[0]}{more}")


async def take(document: object, orchestrations: Orchestrations, now: datetime) -> str:
    """Handle an event (decoded JSON), and return the result as text: the rebuild that was started, or why none was."""
    event = read_event(document)
    if isinstance(event, Refusal):
        return _refused(event, None)
    incoming = IncomingEvent(id=event.id, type=event.type, source=event.source, subject=event.subject)
    came = await fire_listeners(orchestrations, incoming, now)
    told = await _taken(event, came.fired, orchestrations, now)
    if came.failed:
        raise ListenersFailed(came.failed)
    return told


async def _taken(event: Received, fired: int, orchestrations: Orchestrations, now: datetime) -> str:
    """Start a rebuild if the event reports a version of a source. Returns the result; `fired` triggers were fired."""
    fact = read_fact(event)
    if not isinstance(fact, Refusal):
        return await _rebuild(found(fact, event, now), orchestrations)
    if fired and fact.reason in {Reason.UNKNOWN_TYPE, Reason.OF_NO_INTEREST}:
        return f"fired {fired} triggers"
    return _refused(fact, event)


def found(fact: Fact, event: Received, now: datetime) -> SourceVersion:
    """Return the version of a source that an event reports."""
    source: MarketplaceImage | GalleryDefinition
    match fact:
        case SourceImageVersionPublished():
            source = MarketplaceImage(region=fact.region, publisher=fact.publisher, offer=fact.offer, sku=fact.sku)
        case GalleryVersionWritten():
            source = GalleryDefinition(id=fact.definition_id)
    at = (event.time or now).isoformat()
    return SourceVersion(source=source, version=fact.version, event=event.id, at=at)


def rebuild_instance(told: SourceVersion) -> str:
    """Return the instance id of the rebuild that an event starts: the same for the same event.

    A marketplace version is announced once in a region. A gallery version is written several times until it is whole,
    so each of these events has a rebuild of its own.
    """
    event = told.event if isinstance(told.source, GalleryDefinition) else ""
    return f"rebuild-{digest(told.source.key, told.version, event, length=32)}"


async def _rebuild(told: SourceVersion, orchestrations: Orchestrations) -> str:
    instance = rebuild_instance(told)
    facts = {"event": told.event, "source": told.source.key, "version": told.version, "instance": instance}
    if not await asyncio.to_thread(_is_followed, told.source.key):
        log.debug("event %s is about a source that no trigger follows", told.event, extra=facts)
        return UNFOLLOWED
    if await orchestrations.status(instance) in {RuntimeStatus.RUNNING, RuntimeStatus.COMPLETED}:
        log.info("event %s came again", told.event, extra={**facts, "metric": "kiln.events.duplicate"})
        return "duplicate"
    await orchestrations.start(REBUILD, instance, told)
    log.info("event %s starts %s", told.event, instance, extra={**facts, "metric": "kiln.events.accepted"})
    return instance


def _is_followed(source: str) -> bool:
    """Whether any trigger follows the source of that key: by one look into the index."""
    return next(Dependents().of(source), None) is not None


def _refused(refusal: Refusal, event: Received | None) -> str:
    """Log and count a refused event, as a warning unless Kiln simply has no use for it."""
    level = logging.DEBUG if refusal.reason is Reason.OF_NO_INTEREST else logging.WARNING
    facts = {
        "metric": "kiln.events.refused",
        "reason": refusal.reason.value,
        "event": event.id if event else None,
        "type": event.type if event else None,
    }
    log.log(level, "an event is refused as %s: %s", refusal.reason.value, refusal.detail, extra=facts)
    return REFUSED
