"""Events of triggers that a run's end deactivates, after failures in a row, or activates again.

They are announced with the run that ended, in its outbox. Whether a trigger is active is derived from the runs, and
stored nowhere.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kiln.events.cloud_events import of_trigger
from kiln.events.drain import keep_events
from kiln.events.payloads import TriggerDeactivated, TriggerReactivated
from kiln.events.run_events import error_of
from kiln.ids import RunRef
from kiln.runs.recent import readable_runs
from kiln.runs.templates import Templates
from kiln.runs.trigger_health import health
from kiln.runs.triggers import Triggers
from kiln.template.triggers import parse_stored_trigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.events.cloud_events import CloudEvent
    from kiln.runs.record import RunRecord, TriggerRecord

log = logging.getLogger("kiln.rebuild")


def keep_trigger_changes(ended: RunRecord) -> None:
    """Put the changes of the template's triggers that the end of a run makes into the run's outbox.

    `ended` is the run's last record, which is not stored yet.
    """
    stored = Templates().get(ended.template)
    triggers = list(Triggers().list(stored.content)) if stored else []
    if stored is None or not triggers:
        return
    earlier = [run for run in readable_runs(stored.content) if run.run_id != ended.run_id]
    events = tuple(event for trigger in triggers for event in _changes(trigger, ended, earlier))
    if events:
        keep_events(RunRef(template=ended.template, run_id=ended.run_id), *events)


def _changes(trigger: TriggerRecord, ended: RunRecord, earlier: list[RunRecord]) -> Iterator[CloudEvent]:
    parsed = parse_stored_trigger(trigger.body)
    if parsed is None:
        return
    limit = parsed.properties.failure_limit
    before = health(earlier, trigger.name, trigger.changed, limit)
    after = health([ended, *earlier], trigger.name, trigger.changed, limit)
    if before.is_deactivated == after.is_deactivated or ended.ended is None:
        return
    run, template = RunRef(template=ended.template, run_id=ended.run_id), ended.template.arm
    facts = {"template": template, "trigger": trigger.name, "runId": ended.run_id}
    payload: TriggerDeactivated | TriggerReactivated
    if after.is_deactivated:
        log.warning("trigger %s of %s: %s", trigger.name, ended.template.name, after.message, extra=facts)
        payload = TriggerDeactivated(
            template=template,
            trigger=trigger.name,
            failures=after.failures,
            last_run_id=ended.run_id,
            last_error=error_of(ended.error),
        )
    else:
        log.info("trigger %s of %s is active again", trigger.name, ended.template.name, extra=facts)
        payload = TriggerReactivated(template=template, trigger=trigger.name, run_id=ended.run_id)
    yield of_trigger(payload, run, trigger.name, ended.ended)
