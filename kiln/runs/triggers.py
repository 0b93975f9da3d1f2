"""The documents of triggers, kept in the store under `triggers/`. It owns their paths, and how they are changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import DocumentUnreadable, ResourceNotFound
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, readable, tell
from kiln.runs.record import TemplateRecord, TriggerRecord
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.ids import TemplateId


class Triggers:
    """Triggers, by template and name."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, name: str) -> str:
        """Return the path of a trigger's document."""
        return f"triggers/{template.key}/{name.lower()}.json"

    def get(self, template: TemplateRecord, name: str) -> TriggerRecord | None:
        """Return the trigger, or None."""
        stored = self._store.get(self.path(template.id, name), TriggerRecord)
        return stored.content if stored and _is_of(stored.content, template) else None

    def require(self, template: TemplateRecord, name: str) -> TriggerRecord:
        """Return the trigger. Raises `ResourceNotFound`."""
        record = self.get(template, name)
        if record is None:
            raise ResourceNotFound(f"The image template {template.id.arm} has no trigger {name!r}.", target=name)
        return record

    def put(self, record: TriggerRecord) -> TriggerRecord:
        """Store a trigger, new or over the one of its name, even an unreadable one; return it as stored."""
        return keep_latest(self._store, self.path(record.template, record.name), record)

    def delete(self, template: TemplateRecord, name: str) -> bool:
        """Delete the trigger, even one that cannot be read. Returns False when there was none."""
        try:
            there = self.get(template, name) is not None
        except DocumentUnreadable as error:
            tell(error)
            there = True
        self._store.delete(self.path(template.id, name))
        return there

    def names(self, template: TemplateId) -> Iterator[str]:
        """Yield the names of the template's triggers in lower case, in order."""
        prefix = f"triggers/{template.key}/"
        for path in self._store.paths(prefix):
            yield path.removeprefix(prefix).removesuffix(".json")

    def all_names(self) -> Iterator[str]:
        """Yield the triggers of all templates as `template key/name`, in lower case and in order."""
        for path in self._store.paths("triggers/"):
            yield path.removeprefix("triggers/").removesuffix(".json")

    def list(self, template: TemplateRecord) -> Iterator[TriggerRecord]:
        """Yield the template's triggers by name, as far as they can be read."""
        for record in readable(self._store, f"triggers/{template.id.key}/", TriggerRecord):
            if _is_of(record, template):
                yield record


def find_trigger(template: TemplateId, name: str) -> tuple[TemplateRecord, TriggerRecord] | None:
    """Return a trigger and its template, or None when either is gone."""
    stored = Templates().get(template)
    trigger = Triggers().get(stored.content, name) if stored else None
    return (stored.content, trigger) if stored and trigger else None


def _is_of(trigger: TriggerRecord, template: TemplateRecord) -> bool:
    """Whether the trigger is this template's, and not one that an earlier template of its name left behind."""
    return trigger.created >= template.created
