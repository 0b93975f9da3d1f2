"""Storing SourceImage triggers and the bodies of their templates: cycles are refused, and the index is written.

It decides when both are done; kiln.rebuild owns cycles and the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.errors import DocumentUnreadable, Problem, TemplateInvalid
from kiln.rebuild import index
from kiln.rebuild.cycles import DependentTemplate, cycle_text, find_cycle
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.source import followed_source, produced_definitions
from kiln.runs.reading import tell
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.rebuild.dependents import Dependent
    from kiln.runs.record import TemplateRecord, TriggerRecord

    May = Callable[[TemplateId], bool]

HIDDEN = "templates that you may not read"


def check_trigger_cycle(template: TemplateRecord, kind: str, may_read: May) -> None:
    """Raise `TemplateInvalid` if a trigger of this kind would close a cycle; the error names it if all may be read."""
    if kind == index.KIND:
        _check(template.id, template.body, may_read, what="trigger")


def trigger_stored(trigger: TriggerRecord, now: datetime) -> None:
    """Write the index's entry of a trigger that was stored; after a crash, the index's repair writes it."""
    stored = Templates().get(trigger.template)
    if stored is not None and trigger.kind == index.KIND:
        index.enter_trigger(stored.content, trigger.name, now)


def body_about_to_be_stored(before: TemplateRecord, body: dict[str, Any], now: datetime, may_read: May) -> None:
    """Write the entries that a template's triggers will have with its new body.

    Raises `TemplateInvalid` if the new body would close a cycle; the error names it if all its templates may be read.
    """
    if any(trigger.kind == index.KIND for trigger in Triggers().list(before)):
        _check(before.id, body, may_read, what="template")
        index.enter_body(before, body, now)


def _check(template: TemplateId, body: dict[str, Any], may_read: May, *, what: str) -> None:
    model = parse_template(body)
    own = followed_source(model)
    if own is None:
        return
    start = DependentTemplate(
        template.key, template.name, tuple(definition.key for definition in produced_definitions(model))
    )

    def dependents(source: str) -> list[DependentTemplate]:
        """Return the templates that follow a source: this one by its new body, all others by the index."""
        entries = [stored.content for stored in Dependents().of(source)]
        others = [entry for entry in entries if entry.template.key != template.key and _follows(entry)]
        names = [entry.template.name if may_read(entry.template) else HIDDEN for entry in others]
        found = [
            DependentTemplate(entry.template.key, name, entry.produces)
            for entry, name in zip(others, names, strict=True)
        ]
        return [*found, start] if own.key == source else found

    if found := find_cycle(start, dependents):
        if HIDDEN in found:
            found = (start.name, HIDDEN, start.name)
        path = "properties.distribute" if what == "template" else "properties.kind"
        raise TemplateInvalid((Problem(path=path, message=cycle_text(found)),), what=what)


def _follows(entry: Dependent) -> bool:
    """Whether the entry's template still follows the source; an unreadable template builds nothing, so it does not."""
    try:
        return index.still_following(entry) is not None
    except DocumentUnreadable as error:
        tell(error)
        return False
