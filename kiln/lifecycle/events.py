"""Events come in: new source images start rebuilds, all others fire the triggers that wait for them.

A refused event is logged and counted, and taken: it would be no better the next time. What fails otherwise is raised,
so that the event is sent again, and kept as a dead letter in the end.
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
from kiln.lifecycle.listeners import IncomingEvent, fire_listeners
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
    """Triggers could not be fired by an event; all others were."""

    def __init__(self, failed: tuple[str, ...]) -> None:
        more = f" and {len(failed) - 1} more" if failed[1:] else ""
        super().__init__(f"the event has to come again, for it did not fire {failed[0]}{more}")


async def take(document: object, orchestrations: Orchestrations, now: datetime) -> str:
    """Act on an event (decoded JSON), and return what came of it: the rebuild that was started, or why none was."""
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
    """Act on an event that `fired` triggers waited for, if it tells of a source's version; say what came of it."""
    fact = read_fact(event)
    if not isinstance(fact, Refusal):
        return await _rebuild(found(fact, event, now), orchestrations)
    if fired and fact.reason in {Reason.UNKNOWN_TYPE, Reason.OF_NO_INTEREST}:
        return f"fired {fired} triggers"
    return _refused(fact, event)


def found(fact: Fact, event: Received, now: datetime) -> SourceVersion:
    """Return which version of which source an event told of."""
    source: MarketplaceImage | GalleryDefinition
    match fact:
        case SourceImageVersionPublished():
            source = MarketplaceImage(region=fact.region, publisher=fact.publisher, offer=fact.offer, sku=fact.sku)
        case GalleryVersionWritten():
            source = GalleryDefinition(id=fact.definition_id)
    at = (event.time or now).isoformat()
    return SourceVersion(source=source, version=fact.version, event=event.id, at=at)


def rebuild_instance(told: SourceVersion) -> str:
    """Return the orchestration's instance id of what an event leads to: the same for the same event.

    A marketplace version is told of once in a region. A gallery version is written once for each step on its way, so
    that each write is looked at.
    """
    event = told.event if isinstance(told.source, GalleryDefinition) else ""
    return f"rebuild-{digest(told.source.key, told.version, event, length=32)}"


async def _rebuild(told: SourceVersion, orchestrations: Orchestrations) -> str:
    instance = rebuild_instance(told)
    facts = {"event": told.event, "source": told.source.key, "version": told.version, "instance": instance}
    if not await asyncio.to_thread(_is_followed, told.source.key):
        log.debug("event %s tells of a source that no trigger follows", told.event, extra=facts)
        return UNFOLLOWED
    if await orchestrations.status(instance) in {RuntimeStatus.RUNNING, RuntimeStatus.COMPLETED}:
        log.info("event %s came again", told.event, extra={**facts, "metric": "kiln.events.duplicate"})
        return "duplicate"
    await orchestrations.start(REBUILD, instance, told)
    log.info("event %s starts %s", told.event, instance, extra={**facts, "metric": "kiln.events.accepted"})
    return instance


def _is_followed(source: str) -> bool:
    """Whether anything can come of a version of that source; what cannot costs one look into the index and no more."""
    return next(Dependents().of(source), None) is not None


def _refused(refusal: Refusal, event: Received | None) -> str:
    """Say and count that an event is refused; one that Kiln has no interest in is no reason to worry."""
    level = logging.DEBUG if refusal.reason is Reason.OF_NO_INTEREST else logging.WARNING
    facts = {
        "metric": "kiln.events.refused",
        "reason": refusal.reason.value,
        "event": event.id if event else None,
        "type": event.type if event else None,
    }
    log.log(level, "an event is refused as %s: %s", refusal.reason.value, refusal.detail, extra=facts)
    return REFUSED
