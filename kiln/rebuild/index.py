"""Keeping the index of dependents right: when triggers and templates are stored or removed, and by a repair.

It decides when an entry is written; dependents.py owns the entries.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kiln.parallel import run_each
from kiln.rebuild.dependents import Dependent, Dependents
from kiln.rebuild.source import followed_source, produced_definitions
from kiln.runs.reading import reason
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers, find_trigger
from kiln.template.parse import parse_stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.runs.record import TemplateRecord
    from kiln.template.models import ImageTemplate

log = logging.getLogger("kiln.rebuild")

KIND = "SourceImage"
"""The kind of trigger that follows its template's source."""


def entry(template: TemplateId, model: ImageTemplate, trigger: str, now: datetime) -> Dependent | None:
    """Return the index's entry of a `SourceImage` trigger, or None when the template follows no source."""
    source = followed_source(model)
    if source is None:
        return None
    produces = tuple(definition.key for definition in produced_definitions(model))
    return Dependent(template=template, trigger=trigger, source=source, produces=produces, since=now)


def enter_trigger(record: TemplateRecord, trigger: str, now: datetime) -> None:
    """Write the entry of a trigger that is about to be stored, or was just stored."""
    for made in _entries(record.id, record.body, (trigger,), now):
        Dependents().put(made)


def enter_body(record: TemplateRecord, body: dict[str, Any], now: datetime) -> None:
    """Write the entries that a template's triggers will have once it has `body`."""
    for made in _entries(record.id, body, tuple(_following(record)), now):
        Dependents().put(made)


def leave_trigger(record: TemplateRecord, trigger: str, now: datetime) -> None:
    """Remove the entry of a trigger that was removed; the entry of a new trigger of its name stays."""
    for made in _entries(record.id, record.body, (trigger,), now):
        Dependents().remove(made)
    if Triggers().get(record, trigger) is not None:
        enter_trigger(record, trigger, now)


def leave_template(record: TemplateRecord, now: datetime) -> None:
    """Remove all entries of a template that is about to be deleted with its triggers.

    An entry that was written after its deletion began belongs to a new template of its name, and stays.
    """
    for made in _entries(record.id, record.body, tuple(_following(record)), now):
        Dependents().remove(made, before=record.deletion_began)


def still_following(dependent: Dependent) -> TemplateRecord | None:
    """Return the template if it still has that trigger and follows that source, or else None."""
    found = find_trigger(dependent.template, dependent.trigger)
    model = parse_stored(found[0].body) if found else None
    source = followed_source(model) if model else None
    return found[0] if found is not None and source is not None and source.key == dependent.source.key else None


def repair(now: datetime) -> int:
    """Write entries that are missing and remove those of triggers that are gone. Returns the number of both.

    It compares two lists and reads only where they differ. An entry that cannot be read is left, and logged.
    """
    index = Dependents()
    entered = list(index.names())
    stored = set(Triggers().all_names())
    known = {name for _, name in entered}
    missing = run_each(sorted(stored - known), lambda name: _enter_missing(name, now))
    orphans = run_each([path for path, name in entered if name not in stored], lambda path: _remove_orphan(path, now))
    for attempt in (*missing, *orphans):
        if attempt.fault is not None:
            log.error("the index is not repaired for %s: %s", attempt.item, reason(attempt.fault))
    return sum(bool(attempt.result) for attempt in (*missing, *orphans))


def _remove_orphan(path: str, now: datetime) -> bool:
    found = Dependents().at(path)
    return found is not None and Dependents().remove_orphan(found, now)


def _enter_missing(name: str, now: datetime) -> bool:
    key, _, trigger = name.rpartition("/")
    record = Templates().by_key(key)
    found = Triggers().get(record, trigger) if record else None
    if record is None or found is None or found.kind != KIND:
        return False
    made = list(_entries(record.id, record.body, (found.name,), now))
    for each in made:
        Dependents().put(each)
    return bool(made)


def _following(record: TemplateRecord) -> Iterator[str]:
    return (trigger.name for trigger in Triggers().list(record) if trigger.kind == KIND)


def _entries(
    template: TemplateId, body: dict[str, Any], triggers: tuple[str, ...], now: datetime
) -> Iterator[Dependent]:
    model = parse_stored(body)
    if model is None:
        return
    for trigger in triggers:
        made = entry(template, model, trigger, now)
        if made is not None:
            yield made
