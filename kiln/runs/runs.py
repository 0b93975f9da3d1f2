"""The documents of runs, kept in the store under `runs/`.

It owns their paths and the compare-and-swap of each change; the changes themselves are pure functions of
transitions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed, ResourceNotFound
from kiln.runs.documents import ATTEMPTS, Documents, Stored, documents
from kiln.runs.naming import run_at, run_place
from kiln.runs.record import NUMBER, RunRecord, TemplateRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiln.ids import TemplateId

OWNED = ("runs", "plans", "ledgers", "versions", "triggers", "secrets", "pending-events")
"""The folders of the store that are emptied of a template's documents when it is deleted."""


class Runs:
    """Runs, by template and run id; lists are in the order in which the runs began (kiln.runs.naming.run_place)."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, run_id: str) -> str:
        """Return the path of a run's document."""
        return f"runs/{template.key}/{run_id}.json"

    def create(self, record: RunRecord) -> None:
        """Store a new run. Raises `PreconditionFailed` when the run id is taken."""
        self._store.create(self.path(record.template, record.run_id), record)

    def stored(self, template: TemplateId, run_id: str) -> Stored[RunRecord] | None:
        """Return the run and its ETag, or None."""
        return self._store.get(self.path(template, run_id), RunRecord)

    def get(self, template: TemplateId, run_id: str) -> RunRecord | None:
        """Return the run, or None."""
        stored = self.stored(template, run_id)
        return stored.content if stored else None

    def write_once(self, record: RunRecord) -> str | None:
        """Store a new run and return its ETag, or None when its document exists, which is at least as new."""
        try:
            return self._store.create(self.path(record.template, record.run_id), record)
        except PreconditionFailed:
            return None

    def delete_unchanged(self, record: RunRecord, etag: str) -> None:
        """Remove a run's document if nobody has changed it."""
        self._store.delete_unchanged(self.path(record.template, record.run_id), etag)

    def of(self, template: TemplateRecord, run_id: str) -> RunRecord | None:
        """Return the template's run of that id, also one that is only beginning, or None."""
        known = self.get(template.id, run_id)
        beginning = template.beginning
        return known or (beginning if beginning is not None and beginning.run_id == run_id else None)

    def latest(self, template: TemplateRecord) -> RunRecord | None:
        """Return the template's latest run, be it beginning, running or over; None before the first."""
        return self.of(template, template.run_id) if template.run_id else None

    def ids_of(self, template: TemplateRecord) -> list[str]:
        """Return the ids of the template's runs, including one that is only beginning, oldest first."""
        return [run_at(place) for place in self.places(template)]

    def places(self, template: TemplateRecord) -> list[str]:
        """Return the places of the template's runs, including one that is only beginning, oldest first."""
        first = template.beginning
        beginning = {run_place(first.number, first.run_id)} if first is not None else set()
        return sorted({*self._places(template.id), *beginning})

    def _places(self, template: TemplateId) -> Iterator[str]:
        prefix = f"runs/{template.key}/"
        for path, number in self._store.told(prefix, NUMBER):
            yield run_place(int(number or 0), path.removeprefix(prefix).removesuffix(".json"))

    def require(self, template: TemplateId, run_id: str) -> RunRecord:
        """Return the run. Raises `ResourceNotFound`."""
        record = self.get(template, run_id)
        if record is None:
            raise ResourceNotFound(f"The image template {template.arm} has no run {run_id}.", target=run_id)
        return record

    def update(self, template: TemplateId, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord:
        """Apply a pure change and return the result. Raises `ResourceNotFound`."""
        record = self._store.update(self.path(template, run_id), RunRecord, change)
        if record is None:
            raise ResourceNotFound(f"The image template {template.arm} has no run {run_id}.", target=run_id)
        return record

    def ids(self, template: TemplateId) -> list[str]:
        """Return the ids of the template's runs, oldest first."""
        return [run_at(place) for place in sorted(self._places(template))]

    def list(self, template: TemplateId) -> Iterator[RunRecord]:
        """Yield the template's runs, oldest first."""
        for run_id in self.ids(template):
            run = self.get(template, run_id)
            if run is not None:
                yield run

    def delete(self, template: TemplateId, run_id: str) -> None:
        """Remove a run's document; it may be gone already."""
        self._store.delete(self.path(template, run_id))

    def delete_all(self, template: TemplateId, is_still: Callable[[], bool]) -> bool:
        """Delete all documents of a template: runs with plans and ledgers, versions, triggers and their secrets.

        `is_still` says whether the template of that name is still the same one. An activity may run twice, and the
        second time a new template may have the name: so only documents that existed before `is_still` was asked, and
        were not written since, are deleted. Returns True when all are gone, False when it is another template.
        """
        for _ in range(ATTEMPTS):
            there = [each for kind in OWNED for each in self._store.listed(f"{kind}/{template.key}/")]
            if not is_still():
                return False
            if not there:
                return True
            for path, etag in there:
                self._store.delete_unchanged(path, etag)
        raise PreconditionFailed(f"what belongs to {template.arm} kept changing", target=template.arm)
