"""Events fire the Event triggers that wait for them; the function that gets the events hands each one on to here.

It owns the look-up and one guard: a template's own events never fire its own triggers, or a build would follow itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.runs.children import find_trigger
from kiln.runs.firings import AllFirings, Firings, Occasion
from kiln.runs.listeners import Listener, Listeners
from kiln.template.trigger_kinds.event import EventTrigger, matches
from kiln.template.triggers import parse_trigger
from triggers.firing import take_and_fire

if TYPE_CHECKING:
    from datetime import datetime

    from triggers.orchestrations import Orchestrations


@dataclass(frozen=True)
class Heard:
    """An event, as far as filters look at it; `id` and `source` together name it (CloudEvents 1.0.2)."""

    id: str
    type: str
    source: str
    subject: str


async def fire_listeners(orchestrations: Orchestrations, event: Heard, now: datetime) -> int:
    """Fire every trigger that waits for the event; return how many those are. The same event again starts nothing."""
    waiting = await asyncio.to_thread(_waiting, event)
    occasion = Occasion(id=f"{event.source}\n{event.id}", at=now)
    for firings in waiting:
        await take_and_fire(orchestrations, firings, occasion, now)
    return len(waiting)


def _waiting(event: Heard) -> list[Firings]:
    found = (_firings(listener, event) for listener in Listeners().of(event.type))
    return [firings for firings in found if firings is not None]


def _firings(listener: Listener, event: Heard) -> Firings | None:
    """Return the document of a listener's trigger, if that still waits for such events."""
    if event.source.lower() == listener.template.arm.lower():
        return None
    found = find_trigger(listener.template, listener.trigger)
    properties = parse_trigger(found[1].body).properties if found else None
    if not isinstance(properties, EventTrigger):
        return None
    passes = matches(properties.filter, type_=event.type, source=event.source, subject=event.subject)
    return AllFirings().get(listener.template, listener.trigger) if passes else None
