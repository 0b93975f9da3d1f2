"""Firing a trigger: it begins a run whose id follows from the pending event, so that one event begins one run.

It decides when a trigger may fire: not while it is not enabled or deactivated, nor within its batch window and
cool-down, nor while the template is busy. The caller tries again later. It does not know the kind of event.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kiln.automation.pending_events import AllPendingEvents, finish, take
from kiln.errors import Conflict, ResourceNotFound
from kiln.lifecycle.reconcile import reconcile
from kiln.lifecycle.start_run import start_run
from kiln.runs.begin import NotDue
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.recent import recent_runs
from kiln.runs.record import RunCause, RunRecord, TemplateRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.trigger_health import health
from kiln.runs.triggers import find_trigger
from kiln.template.parse import parse_template
from kiln.template.triggers import check_trigger, parse_trigger

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.automation.pending_events import PendingEvent, PendingEvents
    from kiln.lifecycle.orchestrations import Orchestrations

GONE = "the trigger is gone"

log = logging.getLogger("kiln.triggers")


class Decision(StrEnum):
    """The decision on a pending event: its run was started, is to be started later, or never."""

    STARTED = "started"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True)
class Fired:
    """The decision on a pending event, with the reason in words."""

    decision: Decision
    reason: str


async def take_and_fire(
    orchestrations: Orchestrations, pending_events: PendingEvents, event: PendingEvent | None, now: datetime
) -> Fired | None:
    """Take an event, if one is given, and fire for the one that waits. Returns None when none waits.

    An event that may not fire yet goes on waiting; one that never may is finished.
    """
    if event is not None:
        known = await asyncio.to_thread(
            AllPendingEvents().change, pending_events, lambda found: take(found, event, now)
        )
    else:
        known = pending_events
    if known is None or known.pending is None:
        return None
    fired = await _fire(orchestrations, known, known.pending, now)
    facts = {"template": known.template.arm, "trigger": known.trigger, "event": known.pending.id}
    log.info("trigger %s of %s: %s, %s", known.trigger, known.template.name, fired.decision, fired.reason, extra=facts)
    if fired.decision is not Decision.LATER:
        read = known
        await asyncio.to_thread(AllPendingEvents().change, known, lambda found: finish(found, read))
    return fired


async def _fire(
    orchestrations: Orchestrations, pending_events: PendingEvents, event: PendingEvent, now: datetime
) -> Fired:
    """Start the run of an event if it may start, once; a repeated call has no further effect."""
    found = await asyncio.to_thread(find_trigger, pending_events.template, pending_events.trigger)
    if found is None or found[1].created != pending_events.made:
        return Fired(Decision.NEVER, GONE)
    record, stored = found
    name = run_id(event.at, _suffix(stored, event))
    if await asyncio.to_thread(Runs().of, record, name) is None:  # else the run has begun, and is started below
        refused = await asyncio.to_thread(_refused, record, stored, event, now)
        if refused is not None:
            return refused
    return await _start(orchestrations, record, stored, event, now)


async def _start(
    orchestrations: Orchestrations, record: TemplateRecord, stored: TriggerRecord, event: PendingEvent, now: datetime
) -> Fired:
    suffix, cause = _suffix(stored, event), RunCause(trigger=stored.name, lineage=event.lineage)
    name = run_id(event.at, suffix)

    def make(current: TemplateRecord) -> RunRecord:
        if current.created != record.created:
            raise NotDue
        return new_run(current, event.at, suffix, cause=cause)

    await reconcile(orchestrations, record, now)
    try:
        run = await start_run(orchestrations, record.id, name, make)
    except (NotDue, ResourceNotFound):
        return Fired(Decision.NEVER, GONE)
    except Conflict as error:
        return Fired(Decision.LATER, str(error))
    if run.run_id != name:
        return Fired(Decision.LATER, f"run {run.run_id}, which had not begun, began instead")
    return Fired(Decision.STARTED, f"run {run.run_id}")


def _refused(record: TemplateRecord, stored: TriggerRecord, event: PendingEvent, now: datetime) -> Fired | None:
    """Return why the trigger does not fire, now or ever, or None."""
    trigger = parse_trigger(stored.body)
    settings = trigger.properties
    if not settings.enabled:
        return Fired(Decision.NEVER, "the trigger is not enabled")
    problems = check_trigger(parse_template(record.body), trigger, ())
    if problems:
        return Fired(Decision.NEVER, f"{problems[0].path}: {problems[0].message}")
    state = health(recent_runs(record), stored.name, stored.changed, settings.failure_limit)
    if state.is_deactivated:
        return Fired(Decision.NEVER, state.message)
    if now < event.at + settings.batch_window:
        return Fired(Decision.LATER, "the batch window is not over")
    last = Runs().latest(record)
    if last is not None and last.ended is not None and now < last.ended + settings.cool_down:
        return Fired(Decision.LATER, f"the cool-down after run {last.run_id} is not over")
    return None


def _suffix(trigger: TriggerRecord, event: PendingEvent) -> str:
    """Return 8 hex digits that tell the event's run from all others of the template."""
    text = f"{trigger.template.key}\n{trigger.name.lower()}\n{trigger.created.isoformat()}\n{event.id}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
