"""Orphans in the store: documents whose template, run or source is gone, as after a host died. Found and removed.

Each is judged alone, and removed only as it was read. The sweep removes the orphans of deleted templates
(kiln.sweep.gone_templates). Documents that may be many, and must be read to be judged, are examined once a day, a part
of them each hour.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.automation.listeners import Listener
from kiln.errors import PreconditionFailed
from kiln.events.outbox import Outbox
from kiln.parallel import run_each
from kiln.planner.plan import WholePlan
from kiln.rebuild.dependents import GRACE, Dependent, Dependents
from kiln.rebuild.source import source_of
from kiln.rebuild.source_records import SourceRecord, Sources
from kiln.runs.documents import Documents, documents
from kiln.runs.group_claims import GroupClaim, GroupClaims
from kiln.runs.ledger import Ledger
from kiln.runs.reading import reason
from kiln.runs.record import RunRecord, TriggerRecord
from kiln.runs.reservations import Reservation, Reservations
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from kiln.sweep.leftovers import RunLeftovers
from kiln.template.parse import parse_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pydantic import BaseModel

SECONDS = 45.0
"""The time for one kind's lists, and for one document: longer than the store's client retries (kiln.blobs)."""
HOURS = 24

log = logging.getLogger("kiln.retention")


@dataclass(frozen=True)
class Candidate:
    """A document that may be an orphan, and the function that decides by its content."""

    path: str
    kind: type[BaseModel]
    is_orphan: Callable[[Any], bool]


def remove_orphans(now: datetime, before: datetime | None, store: Documents | None = None) -> int:
    """Remove orphans; those of runs only where the run was requested before then. Returns how many.

    A document that cannot be listed, read or removed is logged and stops no other.
    """
    store = store or documents()
    finders: list[Callable[[], list[Candidate]]] = [
        lambda: list(_claims(store, now)),
        lambda: list(_reservations(store)),
        lambda: list(_sources(store, now)),
        lambda: list(_producers(store, now)),
        lambda: list(_listeners(store)),
    ]
    if before is not None:
        finders.append(lambda: list(_of_runs(store, before)))
    listed = run_each(finders, lambda find: find(), seconds=SECONDS)
    candidates = [candidate for attempt in listed for candidate in attempt.result or ()]
    removed = run_each(candidates, lambda candidate: _remove(store, candidate), seconds=SECONDS)
    for listing in listed:
        if listing.fault is not None:
            log.error("documents that may be orphans were not listed: %s", reason(listing.fault))
    for attempt in removed:
        if attempt.fault is not None:
            log.error(
                "%s may be an orphan and stays, since it was not examined: %s", attempt.item.path, reason(attempt.fault)
            )
    return sum(bool(attempt.result) for attempt in removed)


def _remove(store: Documents, candidate: Candidate) -> bool:
    """Remove a document if it is an orphan. Returns whether it was removed.

    A write that would change nothing is skipped, so the document may have come into use again without a new ETag: then
    it is written back.
    """
    stored = store.get(candidate.path, candidate.kind)
    if stored is None or not candidate.is_orphan(stored.content):
        return False
    if not store.delete_unchanged(candidate.path, stored.etag):
        return False
    if candidate.is_orphan(stored.content):
        return True
    with contextlib.suppress(PreconditionFailed):  # its owner has written it anew
        store.create(candidate.path, stored.content)
    return False


def _claims(store: Documents, now: datetime) -> Iterator[Candidate]:
    """Yield claims of staging groups: orphans if their template is gone."""
    for path in store.paths("groups/"):
        if _is_in_turn(path, now):

            def is_orphan(claim: GroupClaim, path: str = path) -> bool:
                return not GroupClaims(store).is_held(claim, path)

            yield Candidate(path, GroupClaim, is_orphan)


def _reservations(store: Documents) -> Iterator[Candidate]:
    """Yield reservations of image names: orphans if their run is over or unknown."""
    for path in store.paths("reservations/"):
        yield Candidate(path, Reservation, lambda reserved: not Reservations(store).is_going(reserved))


def _sources(store: Documents, now: datetime) -> Iterator[Candidate]:
    """Yield the records of marketplace images that no template is built from.

    While a template cannot be read, its source is unknown, and no record is removed.
    """
    known = [path for path in store.paths("sources/") if _is_in_turn(path, now)]
    used: set[str] = set()
    if known:
        everything = Templates(store).read_each()
        if everything.unreadable:
            return
        models = (parse_stored(record.body) for record in everything.contents)
        found = (source_of(model) for model in models if model is not None)
        used = {Sources.path(source.key) for source in found if source is not None}
    for path in known:
        if path not in used:
            yield Candidate(path, SourceRecord, lambda _: True)


def _producers(store: Documents, now: datetime) -> Iterator[Candidate]:
    """Yield entries of producers: orphans if their trigger has no entry as a dependent, which is written first."""
    entered = [(path, path.split("/", 2)[2]) for path in store.paths("producers/")]
    following = {path.split("/", 2)[2] for path in store.paths("dependents/")} if entered else set()

    def is_orphan(entry: Dependent) -> bool:
        first = Dependents.path(entry.source.key, entry.template, entry.trigger)
        return now - entry.since >= GRACE and store.get(first, Dependent) is None

    for path, name in entered:
        if name not in following:
            yield Candidate(path, Dependent, is_orphan)


def _listeners(store: Documents) -> Iterator[Candidate]:
    """Yield entries of listeners: orphans if their trigger is gone, which is stored before its entries."""
    entered = [(path, path.split("/", 2)[2]) for path in store.paths("listeners/")]
    triggers = {path.removeprefix("triggers/") for path in store.paths("triggers/")} if entered else set()

    def is_orphan(entry: Listener) -> bool:
        return store.get(Triggers.path(entry.template, entry.trigger), TriggerRecord) is None

    for path, name in entered:
        if name not in triggers:
            yield Candidate(path, Listener, is_orphan)


def _of_runs(store: Documents, before: datetime) -> Iterator[Candidate]:
    """Yield plans, ledgers and unpublished events of runs: orphans if the run's record and its leftovers are gone."""
    asked = f"{before:%Y%m%d-%H%M%S}"
    for folder, kind in (("plans/", WholePlan), ("ledgers/", Ledger), ("outbox/", Outbox)):
        there = [path for path in store.paths(folder) if path.rpartition("/")[2] < asked]
        runs = {path.removeprefix("runs/") for path in store.paths("runs/")} if there else set()
        for path in there:
            name = path.removeprefix(folder)
            if name in runs:
                continue

            def is_orphan(_: object, name: str = name) -> bool:
                has_run = store.get(f"runs/{name}", RunRecord) is not None
                return not has_run and store.get(f"leftovers/{name}", RunLeftovers) is None

            yield Candidate(path, kind, is_orphan)


def _is_in_turn(path: str, now: datetime) -> bool:
    return hashlib.sha256(path.encode()).digest()[0] % HOURS == now.hour
