"""Storing and removing a trigger of a template, with its secret and its entries in indexes.

It decides when a template may have a trigger, and in which order all is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.automation.trigger_entries import keep_secret, remove_entries, write_entries
from kiln.errors import Conflict, DocumentUnreadable, TemplateInvalid
from kiln.lifecycle.source_triggers import check_trigger_cycle, trigger_stored
from kiln.lifecycle.start_run import NOT_NOW
from kiln.rebuild.index import leave_trigger
from kiln.runs.begin import being_deleted
from kiln.runs.reading import tell
from kiln.runs.record import ProvisioningState, TemplateRecord, TriggerRecord
from kiln.runs.triggers import Triggers
from kiln.template.parse import parse_template
from kiln.template.triggers import check_trigger, parse_stored_trigger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.template.triggers import Trigger


def check_state(template: TemplateRecord) -> None:
    """Raise `Conflict` unless the template's provisioning state is Succeeded, which Image Builder requires."""
    match template.provisioning_state:
        case ProvisioningState.SUCCEEDED:
            return
        case ProvisioningState.DELETING:
            raise being_deleted(template)
        case state:
            name = template.id.arm
            raise Conflict(
                f"A trigger of the image template {name} is not allowed in provisioningState {state.value}.",
                code=NOT_NOW,
                target=name,
                hint="Wait until the template's submission has succeeded.",
            )


def store_trigger(
    template: TemplateRecord, name: str, trigger: Trigger, now: datetime, may_read: Callable[[TemplateId], bool]
) -> tuple[TriggerRecord, bool]:
    """Store a trigger under the name, and return it and whether it is new.

    Raises `TemplateInvalid` when the template cannot have it; the error names other templates if `may_read` allows.
    """
    triggers = Triggers()
    others = [known for known in triggers.list(template) if known.name.lower() != name.lower()]
    known_others = [parsed for other in others if (parsed := parse_stored_trigger(other.body)) is not None]
    problems = check_trigger(parse_template(template.body), trigger, known_others)
    if problems:
        raise TemplateInvalid(problems, what="trigger")
    check_trigger_cycle(template, trigger.properties.kind, may_read)
    before = _before(template, name)
    record = TriggerRecord(
        template=template.id,
        name=before.name if before else name,
        kind=trigger.properties.kind,
        body=trigger.model_dump(mode="json", by_alias=True, exclude_unset=True),
        created=before.created if before else now,
        changed=now,
    )
    keep_secret(template.id, record.name, trigger)
    stored = triggers.put(record)
    write_entries(before, stored, now)
    trigger_stored(stored, now)
    return stored, before is None


def remove_trigger(template: TemplateRecord, name: str, now: datetime) -> bool:
    """Remove the trigger of that name. Returns whether there was one."""
    record = _before(template, name)
    there = Triggers().delete(template, name)
    leave_trigger(template, name, now)
    if there:
        remove_entries(template.id, name, record)
    return there


def _before(template: TemplateRecord, name: str) -> TriggerRecord | None:
    """Return the trigger that is to be replaced or removed; None if there is none, or it cannot be read."""
    try:
        return Triggers().get(template, name)
    except DocumentUnreadable as error:
        tell(error)
        return None
