"""The documents that go with a trigger: its secret, and the entries by which a schedule's time or an event finds it.

It owns their order: a secret is written before its trigger, an entry after it, so that an entry without its trigger may
be removed.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, assert_never

from kiln.automation.listeners import Listeners
from kiln.automation.pending_events import AllPendingEvents
from kiln.automation.trigger_secrets import TriggerSecrets
from kiln.errors import Problem, TemplateInvalid
from kiln.template.trigger_kinds.event import EventTrigger
from kiln.template.trigger_kinds.schedule import ScheduleTrigger
from kiln.template.trigger_kinds.source_image import SourceImageTrigger
from kiln.template.trigger_kinds.webhook import WebhookTrigger
from kiln.template.triggers import parse_stored_trigger, parse_trigger

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.runs.record import TriggerRecord
    from kiln.template.triggers import Trigger

SHOWN_TIMES = 3


def keep_secret(template: TemplateId, name: str, trigger: Trigger) -> None:
    """Store the secret of a Webhook trigger. Raises `TemplateInvalid` when it has none, now or from before.

    A trigger of another kind removes the secret of its name.
    """
    secrets, properties = TriggerSecrets(), trigger.properties
    if not isinstance(properties, WebhookTrigger):
        secrets.delete(template, name)
    elif properties.secret is not None:
        secrets.put(template, name, properties.secret)
    elif secrets.get(template, name) is None:
        problem = Problem(path="properties.secret", message="is required: the trigger has none from before")
        raise TemplateInvalid((problem,), what="trigger")


def write_entries(before: TriggerRecord | None, record: TriggerRecord, now: datetime) -> None:
    """Write the entries of a trigger that was stored, and remove those that it had `before`."""
    if before is not None:
        _drop_listeners(before)
    properties = parse_trigger(record.body).properties
    match properties:
        case SourceImageTrigger():
            AllPendingEvents().drop(record.template, record.name)
        case ScheduleTrigger() | WebhookTrigger():
            AllPendingEvents().set(record, now)
        case EventTrigger():
            AllPendingEvents().set(record, now)
            Listeners().add(record.template, record.name, properties.filter.types)
        case never:
            assert_never(never)


def remove_entries(template: TemplateId, name: str, record: TriggerRecord | None) -> None:
    """Remove the secret and entries of a trigger that was removed; `record` is None if it could not be read."""
    if record is None:
        Listeners().drop_all(template, name)
    else:
        _drop_listeners(record)
    AllPendingEvents().drop(template, name)
    TriggerSecrets().delete(template, name)


def next_times(record: TriggerRecord, now: datetime) -> tuple[datetime, ...]:
    """Return the next times of a Schedule trigger; none for the other kinds, and for one that is not enabled."""
    properties = parse_trigger(record.body).properties
    if not isinstance(properties, ScheduleTrigger) or not properties.enabled:
        return ()
    return tuple(islice(properties.times.due_after(now), SHOWN_TIMES))


def _drop_listeners(record: TriggerRecord) -> None:
    trigger = parse_stored_trigger(record.body)
    if trigger is None:
        Listeners().drop_all(record.template, record.name)
    elif isinstance(trigger.properties, EventTrigger):
        Listeners().drop(record.template, record.name, trigger.properties.filter.types)
