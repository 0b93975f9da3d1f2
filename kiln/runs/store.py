"""Templates, runs, ledgers and operations in the store, each under its own path.

It owns paths and the compare-and-swap of each change; the changes themselves are pure functions of transitions.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import Conflict, DocumentUnreadable, PreconditionFailed, ResourceNotFound, RunCanceled
from kiln.runs.documents import ATTEMPTS, Documents, Stored, documents
from kiln.runs.ledger import record_try, strike_try
from kiln.runs.naming import run_at, run_place
from kiln.runs.reading import read_each
from kiln.runs.record import NUMBER, UNDER_WAY, Ledger, LedgerEntry, OperationRecord, RunRecord, TemplateRecord
from kiln.runs.transitions import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.runs.reading import Everything


OWNED = ("runs", "plans", "ledgers", "versions", "triggers", "secrets", "pending-events")
"""What a template's end takes along."""


class Templates:
    """Image templates, by id."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId) -> str:
        """Return where a template's document is."""
        return f"templates/{template.key}.json"

    def get(self, template: TemplateId) -> Stored[TemplateRecord] | None:
        """Return the template and its ETag, or None."""
        return self._store.get(self.path(template), TemplateRecord)

    def made(self, template: TemplateId, made: datetime) -> Stored[TemplateRecord] | None:
        """Return the template that was made then, or None when it is gone, whatever has its name by now."""
        stored = self.get(template)
        return stored if stored is not None and stored.content.created == made else None

    def require_stored(self, template: TemplateId) -> Stored[TemplateRecord]:
        """Return the template and its ETag. Raises `ResourceNotFound`."""
        stored = self.get(template)
        if stored is None:
            raise ResourceNotFound(f"The image template {template.arm} does not exist.", target=template.arm)
        return stored

    def take_run(self, stored: Stored[TemplateRecord], run: RunRecord) -> TemplateRecord | None:
        """Let the template, as it was read, begin `run`; return it as it is then, or None when it changed meanwhile.

        A change that is refused may have been made all the same: its first answer was lost, and the template was
        changed once more since.
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
        """Store a template over the one read with `etag`. Raises `PreconditionFailed`."""
        return self._store.replace(self.path(record.id), record, etag)

    def update(self, template: TemplateId, change: Callable[[TemplateRecord], TemplateRecord]) -> TemplateRecord | None:
        """Apply a pure change; return the result, or None when the template is gone."""
        return self._store.update(self.path(template), TemplateRecord, change)

    def update_made(
        self, template: TemplateId, made: datetime, change: Callable[[TemplateRecord], TemplateRecord]
    ) -> None:
        """Apply a pure change to the template that was made then; one that was made anew stays as it is."""
        self.update(template, lambda record: change(record) if record.created == made else record)

    def delete_unchanged(self, stored: Stored[TemplateRecord]) -> bool:
        """Remove the template's document as it was read. Returns False when it was changed, or made anew, since."""
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
        """Return all templates, in the order of their keys, without those that go meanwhile.

        One that cannot be read is named: whoever deletes what is nobody's must not take it for one that is not there.
        """
        return read_each(self._store, (f"templates/{key}.json" for key in self.all_keys()), TemplateRecord)

    def under_way(self) -> Iterator[str]:
        """Yield the keys of the templates that are on their way in or out; none is read for that."""
        for path in self._store.labelled("templates/", UNDER_WAY):
            yield path.removeprefix("templates/").removesuffix(".json")

    def by_key(self, key: str) -> TemplateRecord | None:
        """Return the template of that key, or None."""
        stored = self._store.get(f"templates/{key}.json", TemplateRecord)
        return stored.content if stored else None


class Runs:
    """Run records, by template and run id, in the order in which the runs began (kiln.runs.naming.run_place)."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, run_id: str) -> str:
        """Return where a run's document is."""
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
        """Store a new run and return its ETag, or None when its document is there and says more."""
        try:
            return self._store.create(self.path(record.template, record.run_id), record)
        except PreconditionFailed:
            return None

    def delete_unchanged(self, record: RunRecord, etag: str) -> None:
        """Remove a run's document if nobody has changed it."""
        self._store.delete_unchanged(self.path(record.template, record.run_id), etag)

    def of(self, template: TemplateRecord, run_id: str) -> RunRecord | None:
        """Return the template's run of that id, which may only be beginning, or None."""
        known = self.get(template.id, run_id)
        beginning = template.beginning
        return known or (beginning if beginning is not None and beginning.run_id == run_id else None)

    def latest(self, template: TemplateRecord) -> RunRecord | None:
        """Return the template's latest run, beginning, running or over, or None before the first."""
        return self.of(template, template.run_id) if template.run_id else None

    def ids_of(self, template: TemplateRecord) -> list[str]:
        """Return the ids of the template's runs, with the one that is only beginning, oldest first."""
        return [run_at(place) for place in self.places(template)]

    def places(self, template: TemplateRecord) -> list[str]:
        """Return the places of the template's runs, with the one that is only beginning, oldest first."""
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
        """Remove all that belongs to a template: runs with plans and ledgers, versions, triggers and their secrets.

        Only what was there before `is_still` said that the template is still the one, and was not written since: an
        activity may run twice, and the second time a template made anew may have that name. Returns whether all is
        gone, or False when it is not the one any more.
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


class Ledgers:
    """What each run may have made. Recording fails once the ledger is closed: that is the fence behind clean-up."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, run_id: str) -> str:
        """Return where a run's ledger is."""
        return f"ledgers/{template.key}/{run_id}.json"

    def record(self, template: TemplateId, run_id: str, *entries: LedgerEntry) -> None:
        """Record what is about to be made. Raises `RunCanceled` when the ledger is closed, or the run is gone.

        The same entry may be recorded again, once for each try; the caller makes the resource only after this returns.
        """

        def add(ledger: Ledger) -> Ledger:
            if ledger.closed:
                raise RunCanceled(run_id)
            return record_try(ledger, entries)

        self._change(template, run_id, add)

    def strike(self, template: TemplateId, run_id: str, *entries: LedgerEntry) -> None:
        """Take one try back, which Azure refused for good. What no try may have made is in the ledger no more.

        Clean-up may have begun; it looks at what it deletes.
        """
        self._change(template, run_id, lambda ledger: strike_try(ledger, entries))

    def keep(self, template: TemplateId, run_id: str, resource: str) -> None:
        """Mark a resource as a finished result, which clean-up leaves alone.

        Raises `RunCanceled` when the ledger was closed before the first time: who asks again has yet to tell of it.
        """

        def is_it(entry: LedgerEntry) -> bool:
            return entry.id.lower() == resource.lower()

        def mark(ledger: Ledger) -> Ledger:
            if any(is_it(entry) and entry.keep for entry in ledger.entries):
                return ledger
            if ledger.closed:
                raise RunCanceled(run_id)
            entries = tuple(
                entry.model_copy(update={"keep": True}) if is_it(entry) else entry for entry in ledger.entries
            )
            return ledger.model_copy(update={"entries": entries})

        self._change(template, run_id, mark)

    def close(self, template: TemplateId, run_id: str) -> Ledger:
        """Close the ledger for good and return what is to be deleted and what is kept."""
        return self._change(template, run_id, lambda ledger: ledger.model_copy(update={"closed": True}))

    def is_closed(self, template: TemplateId, run_id: str) -> bool:
        """Whether the run's clean-up has begun, or the run is gone, and its ledger with it."""
        stored = self._store.get(self.path(template, run_id), Ledger)
        return self._is_gone(template, run_id) if stored is None else stored.content.closed

    def _is_gone(self, template: TemplateId, run_id: str) -> bool:
        try:
            return Runs(self._store).get(template, run_id) is None
        except DocumentUnreadable:
            return False

    def _change(self, template: TemplateId, run_id: str, change: Callable[[Ledger], Ledger]) -> Ledger:
        path = self.path(template, run_id)
        while True:
            changed = self._store.update(path, Ledger, change)
            if changed is not None:
                return changed
            first = change(Ledger(run_id=run_id))
            try:
                etag = self._store.create(path, first)
            except PreconditionFailed:
                continue  # another activity of the run wrote it first
            if not first.closed and self._is_gone(template, run_id):
                self._store.delete_unchanged(path, etag)
                raise RunCanceled(run_id)  # it went with its template, and its ledger first
            return first


class Operations:
    """Long-running operations of Kiln's REST API, by id."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def create(self, record: OperationRecord) -> None:
        """Store a new operation. Raises `Conflict` when the id is taken."""
        try:
            self._store.create(f"operations/{record.id}.json", record)
        except PreconditionFailed as error:
            raise Conflict(f"operation {record.id} exists already") from error

    def require(self, operation_id: str) -> OperationRecord:
        """Return the operation. Raises `ResourceNotFound`."""
        stored = self._store.get(f"operations/{operation_id.lower()}.json", OperationRecord)
        if stored is None:
            raise ResourceNotFound(f"There is no operation {operation_id}.", target=operation_id)
        return stored.content
