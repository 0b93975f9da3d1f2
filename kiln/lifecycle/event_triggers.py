"""Firing the `Event` triggers whose type and filters match an incoming event.

It owns the look-up and one guard: an event of a run never fires a trigger of a template that led to that run, directly
or through others, or builds would follow each other for ever. The triggers are fired in parallel, each within a time
limit. One that cannot be read is skipped; one that fails otherwise is named, so that the event is delivered again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.automation.listeners import Listener, Listeners
from kiln.automation.pending_events import AllPendingEvents, PendingEvent, PendingEvents
from kiln.errors import DocumentUnreadable, TemplateInvalid
from kiln.ids import TemplateId
from kiln.lifecycle.fire_trigger import take_and_fire
from kiln.lifecycle.parallel import await_each
from kiln.runs.documents import documents
from kiln.runs.lineage import leads_round, short_name
from kiln.runs.naming import RUN_ID
from kiln.runs.reading import read_latest, reason
from kiln.runs.record import RunRecord
from kiln.runs.runs import Runs
from kiln.runs.triggers import find_trigger
from kiln.template.trigger_kinds.event import EventTrigger, matches
from kiln.template.triggers import parse_trigger

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.lifecycle.orchestrations import Orchestrations

SECONDS = 20.0
"""Seconds for one trigger: Event Grid waits 30, then retries ("Event Grid message delivery and retry")."""

log = logging.getLogger("kiln.triggers")


@dataclass(frozen=True)
class IncomingEvent:
    """The attributes of an event that filters use; `id` and `source` together identify it (CloudEvents 1.0.2)."""

    id: str
    type: str
    source: str
    subject: str


@dataclass(frozen=True)
class FiredListeners:
    """The number of triggers that an event fired, and those that failed and need the event to be delivered again."""

    fired: int = 0
    failed: tuple[str, ...] = ()


async def fire_listeners(orchestrations: Orchestrations, event: IncomingEvent, now: datetime) -> FiredListeners:
    """Fire every trigger that waits for the event. A repeated event starts no run a second time."""
    listeners, lineage = await asyncio.to_thread(_listeners, event)
    pending_event = PendingEvent(id=f"{event.source}\n{event.id}", at=now, lineage=lineage)

    async def fire(listener: Listener) -> bool:
        pending_events = await asyncio.to_thread(_pending_events, listener, event)
        if pending_events is not None:
            await take_and_fire(orchestrations, pending_events, pending_event, now)
        return pending_events is not None

    attempts = await await_each(listeners, fire, seconds=SECONDS)
    failed: list[str] = []
    for attempt in attempts:
        if attempt.fault is None:
            continue
        name = f"{attempt.item.template.arm}/triggers/{attempt.item.trigger}"
        if isinstance(attempt.fault, TemplateInvalid | DocumentUnreadable):
            log.error(
                "trigger %s was not fired, since a document of it cannot be read: %s", name, reason(attempt.fault)
            )
        else:
            failed.append(f"{name}: {reason(attempt.fault)}")
    return FiredListeners(sum(bool(attempt.result) for attempt in attempts), tuple(failed))


def _listeners(event: IncomingEvent) -> tuple[list[Listener], tuple[str, ...]]:
    """Return the listeners that may wait for the event, and the templates whose runs led to it."""
    listeners = list(Listeners().of(event.type))
    lineage = _lineage(event) if listeners else ()
    return [listener for listener in listeners if not leads_round(listener.template, lineage)], lineage


def _lineage(event: IncomingEvent) -> tuple[str, ...]:
    """Return the templates that led to the event, oldest first; none if it is not about a template of Kiln's.

    Of a run that cannot be read, only its own template is known: a cycle then ends one build later.
    """
    try:
        template = TemplateId.parse(event.source)
    except ValueError:
        return ()
    is_of_run = RUN_ID.fullmatch(event.subject) is not None
    run = read_latest(documents(), Runs.path(template, event.subject), RunRecord) if is_of_run else None
    before = run.cause.lineage if run is not None and run.cause is not None else ()
    return (*before, short_name(template))


def _pending_events(listener: Listener, event: IncomingEvent) -> PendingEvents | None:
    """Return the pending events of a listener's trigger, if that still waits for such events."""
    found = find_trigger(listener.template, listener.trigger)
    properties = parse_trigger(found[1].body).properties if found else None
    if not isinstance(properties, EventTrigger):
        return None
    passes = matches(properties.filter, type_=event.type, source=event.source, subject=event.subject)
    pending_events = AllPendingEvents().get(listener.template, listener.trigger) if passes else None
    return pending_events if found and pending_events and pending_events.made == found[1].created else None
