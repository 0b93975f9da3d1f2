"""Events fire the Event triggers that wait for them; the function that gets the events hands each one on to here.

It owns the look-up and one guard: an event of a run never fires a trigger of a template that led to that run, at
first or second hand, or builds would follow each other for ever.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.ids import TemplateId
from kiln.rebuild.lineage import leads_round, short_name
from kiln.runs.children import find_trigger
from kiln.runs.firings import AllFirings, Firings, Occasion
from kiln.runs.listeners import Listener, Listeners
from kiln.runs.naming import RUN_ID
from kiln.runs.store import Runs
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
    waiting, lineage = await asyncio.to_thread(_waiting, event)
    occasion = Occasion(id=f"{event.source}\n{event.id}", at=now, lineage=lineage)
    for firings in waiting:
        await take_and_fire(orchestrations, firings, occasion, now)
    return len(waiting)


def _waiting(event: Heard) -> tuple[list[Firings], tuple[str, ...]]:
    """Return what waits for the event, and the templates whose runs led to it."""
    listeners = list(Listeners().of(event.type))
    lineage = _lineage(event) if listeners else ()
    others = (listener for listener in listeners if not leads_round(listener.template, lineage))
    found = (_firings(listener, event) for listener in others)
    return [firings for firings in found if firings is not None], lineage


def _lineage(event: Heard) -> tuple[str, ...]:
    """Return the templates that led to the event, oldest first: none if it is not about a template of Kiln's."""
    try:
        template = TemplateId.parse(event.source)
    except ValueError:
        return ()
    run = Runs().get(template, event.subject) if RUN_ID.fullmatch(event.subject) else None
    before = run.cause.lineage if run is not None and run.cause is not None else ()
    return (*before, short_name(template))


def _firings(listener: Listener, event: Heard) -> Firings | None:
    """Return the document of a listener's trigger, if that still waits for such events."""
    found = find_trigger(listener.template, listener.trigger)
    properties = parse_trigger(found[1].body).properties if found else None
    if not isinstance(properties, EventTrigger):
        return None
    passes = matches(properties.filter, type_=event.type, source=event.source, subject=event.subject)
    return AllFirings().get(listener.template, listener.trigger) if passes else None
