"""A trigger fires: a run begins that is known by the pending event, so that no event begins two.

It owns when a trigger may fire: not while it is switched off or deactivated, nor within its windows, nor while the
template is busy. Whoever calls asks again later; it must not know what the event was.
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
    """What came of a look at an event."""

    STARTED = "started"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True)
class Fired:
    """What came of it, in words too."""

    decision: Decision
    reason: str


async def take_and_fire(
    orchestrations: Orchestrations, pending_events: PendingEvents, event: PendingEvent | None, now: datetime
) -> Fired | None:
    """Take an event, if there is one, and fire for what waits; None when nothing does.

    What may not fire yet goes on waiting. What never may is done with.
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
    """Start the run of an event if that may be, once; a call that is repeated has no further effect."""
    found = await asyncio.to_thread(find_trigger, pending_events.template, pending_events.trigger)
    if found is None or found[1].created != pending_events.made:
        return Fired(Decision.NEVER, GONE)
    record, stored = found
    name = run_id(event.at, _suffix(stored, event))
    if await asyncio.to_thread(Runs().of, record, name) is None:  # else it has begun, and is seen to its start
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
        return Fired(Decision.NEVER, "the trigger is switched off")
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
    """Return what tells the event's run from all others of the template: 8 hex digits."""
    text = f"{trigger.template.key}\n{trigger.name.lower()}\n{trigger.created.isoformat()}\n{event.id}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
