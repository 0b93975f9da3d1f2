"""How long Kiln remembers: each kind of stored document with what bounds it, and the removal of what is too old.

A run goes with its logs, its ledger and events that nobody took when it is long over and nothing stands on it. Nothing
here is needed to tell leftovers from what is somebody's: of a run without a record the sweeper knows by the resource's
name that it is over.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import operator
import time
from typing import TYPE_CHECKING

from kiln.events.outbox import Outboxes
from kiln.ids import RunRef
from kiln.parallel import run_each
from kiln.plans import Plans
from kiln.retention.run_logs import delete_logs
from kiln.runs.documents import Documents, documents
from kiln.runs.ledgers import Ledgers
from kiln.runs.operations import OperationRecord
from kiln.runs.reading import reason
from kiln.runs.record import RunState
from kiln.runs.reservations import Reservations
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.sweep.leftovers import Leftovers, RunLeftovers

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.runs.record import RunRecord, TemplateRecord

BOUNDS = {
    "installation.json": "one document",
    "rebuild-slots.json": "one document",
    "health/": "one document, the latest",
    "sweeps/": "one document, the latest",
    "purges/": "one document, the latest",
    "templates/": "one a template",
    "groups/": "one a template, and for a day of one that is gone",
    "versions/": "one a body that a template had: `KILN_RETENTION_DAYS` after it was replaced",
    "triggers/": "one a trigger, until that or its template is deleted",
    "secrets/": "one a trigger, or a signed URL that is named in what is kept: `KILN_RETENTION_DAYS`",
    "pending-events/": "one a trigger, with at most 1,000 events",
    "rebuilds/": "one a template",
    "dependents/": "one a trigger that follows its source",
    "producers/": "one a trigger that follows its source, and image that its template makes",
    "sources/": "one a marketplace image that a template is built from, and for a day of one that was",
    "listeners/": "one a trigger that hears of events",
    "runs/": "one a run: `KILN_RETENTION_DAYS`",
    "reservations/": "one a version, managed image or VHD, while a run is about to make it",
    "plans/": "one a run: goes with it",
    "ledgers/": "one a run: goes with it",
    "leftovers/": "one a run with leftovers, until these are gone",
    "outbox/": "one a run whose events are not published yet, until that goes",
    "operations/": "one a request: `KILN_RETENTION_DAYS`",
}
"""By the beginning of its path, how each kind of document is bounded. docs/operations.md has the same."""

SIDE_BY_SIDE = 8
SECONDS = 60.0
"""After which a look at one template's runs begins with no further run."""
ROUND = 600.0
"""After which a round begins with no further template; the next round has them in another order."""
NAMED = 20
"""Runs of one template that are named when they cannot be purged; the number of all is told."""
AT_ONCE = 5000
"""Operations that one round removes; the next one goes on."""

log = logging.getLogger("kiln.retention")


def purge_runs(before: datetime, store: Documents | None = None) -> int:
    """Remove runs that ended before then, with their logs, plans, ledgers and what else is theirs. Returns how many.

    Templates are looked at side by side. What cannot be read or removed is told of in the log, stops no other, and is
    tried again by the next round.
    """
    store, begun = store or documents(), time.monotonic()

    def look(item: tuple[str, list[str]]) -> int:
        return 0 if time.monotonic() - begun > ROUND else _purge_template(store, *item, before)

    attempts = run_each(_old_runs(store, before), look, at_once=SIDE_BY_SIDE, seconds=2 * SECONDS)
    for each in attempts:
        if each.fault is not None:
            log.error("the image template %s: its old runs are kept: %s", each.item[0], reason(each.fault))
    return sum(each.result or 0 for each in attempts)


def _old_runs(store: Documents, before: datetime) -> list[tuple[str, list[str]]]:
    """Return the ids of runs that were asked for before then, by the template's key: one list tells of all.

    The templates' order is another one each hour, so that those which take all of a round's time are not always first.
    """
    asked, hour = f"{before:%Y%m%d-%H%M%S}", f"{before:%Y%m%d%H}"
    names = (path.removeprefix("runs/").removesuffix(".json").rpartition("/") for path in store.paths("runs/"))
    old = ((key, run_id) for key, _, run_id in names if run_id < asked)
    grouped = [(key, [run_id for _, run_id in each]) for key, each in itertools.groupby(old, operator.itemgetter(0))]
    return sorted(grouped, key=lambda item: hashlib.sha256(f"{hour} {item[0]}".encode()).digest())


def _purge_template(store: Documents, key: str, run_ids: list[str], before: datetime) -> int:
    """Purge what is due of a template's old runs. One that is gone leaves them to the sweeper."""
    begun, purged, kept = time.monotonic(), 0, dict[str, str]()
    record = Templates(store).by_key(key)
    if record is None:
        return 0
    for run_id in run_ids:
        if time.monotonic() - begun > SECONDS:
            break
        try:
            purged += _purge_run(store, record, run_id, before)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this run's alone, and told
            kept[run_id] = reason(error)
    if kept:
        named = "; ".join(f"{run_id}: {why}" for run_id, why in itertools.islice(kept.items(), NAMED))
        log.error("%d runs of %s could not be purged, the next round tries again: %s", len(kept), key, named)
    return purged


def _purge_run(store: Documents, template: TemplateRecord, run_id: str, before: datetime) -> bool:
    """Purge a run that is due. Returns whether it is gone.

    The record goes last, for a run without one is not looked for again; and only as it was read.
    """
    stored = Runs(store).stored(template.id, run_id)
    ref = RunRef(template=template.id, run_id=run_id)
    if (
        stored is None
        or store.get(Leftovers.path(ref), RunLeftovers) is not None
        or not is_due(stored.content, template, before)
    ):
        return False
    delete_logs(stored.content)
    Reservations(store).give_back_of(stored.content)
    store.delete(Outboxes.path(ref))
    Plans(store).forget(ref)
    store.delete(Ledgers.path(template.id, run_id))
    return store.delete_unchanged(Runs.path(template.id, run_id), stored.etag)


def is_due(run: RunRecord, template: TemplateRecord, before: datetime) -> bool:
    """Whether nothing stands on a run that ended before then.

    The latest run is the template's state, one with leftovers or a kept machine still has something in Azure, and what
    the template's outputs are of is asked for by retries.
    """
    if run.run_id == template.run_id or run.leftovers or run.kept:
        return False
    if not run.state.is_final or run.ended is None or run.ended >= before:
        return False
    good = run.state in {RunState.SUCCEEDED, RunState.PARTIALLY_SUCCEEDED}
    latest = {(output.artifact_id, output.artifact_uri) for output in template.outputs.values()}
    return not (good and any((output.artifact_id, output.artifact_uri) in latest for output in run.outputs))


def purge_operations(before: datetime, store: Documents | None = None) -> int:
    """Remove records of operations that began before then, bad ones left out. Returns how many."""
    known = store or documents()

    def remove(path: str) -> bool:
        stored = known.get(path, OperationRecord)
        if stored is None or stored.content.started >= before:
            return False
        known.delete(path)
        return True

    attempts = run_each(itertools.islice(known.older("operations/", before), AT_ONCE), remove)
    for each in attempts:
        if each.fault is not None:
            log.error("%s could not be purged: %s", each.item, reason(each.fault))
    return sum(bool(each.result) for each in attempts)
