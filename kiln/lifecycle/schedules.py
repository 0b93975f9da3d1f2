"""Firing Schedule triggers whose time has come, and all pending events that wait.

It decides what is due: all times since the last round are one event, so that missed rounds are made up for by one run.
Triggers are handled in parallel, each within a time limit; one that fails is logged.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from kiln.automation.pending_events import AllPendingEvents, PendingEvent
from kiln.lifecycle.fire_trigger import take_and_fire
from kiln.lifecycle.parallel import await_each
from kiln.runs.reading import reason
from kiln.runs.triggers import find_trigger
from kiln.template.trigger_kinds.schedule import ScheduleTrigger
from kiln.template.triggers import parse_trigger

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.automation.pending_events import PendingEvents
    from kiln.lifecycle.orchestrations import Orchestrations
    from kiln.ncrontab import Schedule

log = logging.getLogger("kiln.triggers")


async def fire_due(orchestrations: Orchestrations, now: datetime) -> None:
    """Fire the schedules that are due at `now`, and the events that could not be fired before."""
    everything = await asyncio.to_thread(list, AllPendingEvents().list())
    for attempt in await await_each(everything, lambda pending_events: _look(orchestrations, pending_events, now)):
        if attempt.fault is not None:
            facts = (attempt.item.trigger, attempt.item.template.arm, reason(attempt.fault))
            log.error("trigger %s of %s could not be checked: %s", *facts)


async def _look(orchestrations: Orchestrations, pending_events: PendingEvents, now: datetime) -> None:
    schedule, is_there = await asyncio.to_thread(_schedule, pending_events)
    if not is_there:
        await asyncio.to_thread(AllPendingEvents().drop_read, pending_events)
        return
    event = due_event(schedule, pending_events.handled, now) if schedule else None
    if event is not None or pending_events.pending is not None:
        await take_and_fire(orchestrations, pending_events, event, now)


def due_event(schedule: Schedule, handled: datetime, now: datetime) -> PendingEvent | None:
    """Return the latest time after `handled` for which the schedule is due by `now`, or None."""
    latest = None
    for moment in schedule.due_after(handled):
        if moment > now:
            break
        latest = moment
    return PendingEvent(id=latest.isoformat(), at=latest) if latest else None


def _schedule(pending_events: PendingEvents) -> tuple[Schedule | None, bool]:
    """Return the trigger's schedule, if it has one and is enabled, and whether the trigger exists at all."""
    found = find_trigger(pending_events.template, pending_events.trigger)
    if found is None:
        return None, False
    properties = parse_trigger(found[1].body).properties
    return (properties.times if isinstance(properties, ScheduleTrigger) and properties.enabled else None), True
