"""The documents of templates, kept in the store under `templates/`.

It owns their paths and the compare-and-swap of each change; the changes themselves are pure functions of
transitions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed, ResourceNotFound
from kiln.runs.documents import Documents, Stored, documents
from kiln.runs.reading import read_each
from kiln.runs.record import UNDER_WAY, RunRecord, TemplateRecord
from kiln.runs.transitions import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.runs.reading import Everything


class Templates:
    """Templates, by id."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId) -> str:
        """Return the path of a template's document."""
        return f"templates/{template.key}.json"

    def get(self, template: TemplateId) -> Stored[TemplateRecord] | None:
        """Return the template and its ETag, or None."""
        return self._store.get(self.path(template), TemplateRecord)

    def made(self, template: TemplateId, made: datetime) -> Stored[TemplateRecord] | None:
        """Return the template that was made at that time, or None when it is gone, even if a new one has its name."""
        stored = self.get(template)
        return stored if stored is not None and stored.content.created == made else None

    def require_stored(self, template: TemplateId) -> Stored[TemplateRecord]:
        """Return the template and its ETag. Raises `ResourceNotFound`."""
        stored = self.get(template)
        if stored is None:
            raise ResourceNotFound(f"The image template {template.arm} does not exist.", target=template.arm)
        return stored

    def take_run(self, stored: Stored[TemplateRecord], run: RunRecord) -> TemplateRecord | None:
        """Let the template, as it was read, begin `run`; return the new record, or None when it changed meanwhile.

        A refused write may have been made all the same: its first answer was lost, and the template has changed once
        more since. So the template is read again.
        """
        begun = begin(stored.content, run)
        try:
            self.replace(begun, stored.etag)
        except PreconditionFailed:
            found = self.get(run.template)
            is_made = found is not None and found.content.run_id == run.run_id
            return begun if is_made else None
        return begun

    def require(self, template: TemplateId) -> TemplateRecord:
        """Return the template. Raises `ResourceNotFound`."""
        return self.require_stored(template).content

    def create(self, record: TemplateRecord) -> str:
        """Store a new template and return its ETag. Raises `PreconditionFailed` when the name is taken."""
        return self._store.create(self.path(record.id), record)

    def replace(self, record: TemplateRecord, etag: str) -> str:
        """Store a template over the one with `etag`. Raises `PreconditionFailed` when that one is gone or newer."""
        return self._store.replace(self.path(record.id), record, etag)

    def update(self, template: TemplateId, change: Callable[[TemplateRecord], TemplateRecord]) -> TemplateRecord | None:
        """Apply a pure change; return the result, or None when the template is gone."""
        return self._store.update(self.path(template), TemplateRecord, change)

    def update_made(
        self, template: TemplateId, made: datetime, change: Callable[[TemplateRecord], TemplateRecord]
    ) -> None:
        """Apply a pure change to the template that was made at that time; a newer one of its name stays as it is."""
        self.update(template, lambda record: change(record) if record.created == made else record)

    def delete_unchanged(self, stored: Stored[TemplateRecord]) -> bool:
        """Delete the template's document as it was read. Returns False when it was changed, or made anew, since."""
        return self._store.delete_unchanged(self.path(stored.content.id), stored.etag)

    def keys(self, subscription: str, group: str | None = None) -> Iterator[str]:
        """Yield the keys of a subscription's templates, or of one of its resource groups', in order."""
        prefix = f"templates/{subscription}/".lower() + (f"{group}/".lower() if group else "")
        for path in self._store.paths(prefix):
            yield path.removeprefix("templates/").removesuffix(".json")

    def all_keys(self) -> Iterator[str]:
        """Yield the keys of all templates, in order."""
        for path in self._store.paths("templates/"):
            yield path.removeprefix("templates/").removesuffix(".json")

    def read_each(self) -> Everything[TemplateRecord]:
        """Return all templates, in the order of their keys, without those that are deleted meanwhile.

        Unreadable ones are named, so that whoever deletes orphans does not take such a template for a deleted one.
        """
        return read_each(self._store, (f"templates/{key}.json" for key in self.all_keys()), TemplateRecord)

    def under_way(self) -> Iterator[str]:
        """Yield the keys of the templates with work under way (`UNDER_WAY`), without reading their documents."""
        for path in self._store.labelled("templates/", UNDER_WAY):
            yield path.removeprefix("templates/").removesuffix(".json")

    def by_key(self, key: str) -> TemplateRecord | None:
        """Return the template of that key, or None."""
        stored = self._store.get(f"templates/{key}.json", TemplateRecord)
        return stored.content if stored else None
