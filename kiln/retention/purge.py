"""The purge of runs and operations that are too old, and the bounds of all kinds of stored documents.

A run is purged with its logs, its ledger and its unpublished events when it is long over and nothing depends on it. The
sweeper does not need purged records to recognize leftovers: by the run id in a resource's name, it knows that a run
without a record is over.
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
    "templates/": "one per template",
    "groups/": "one per template, removed within a day after it",
    "versions/": "one per earlier version of a template: `KILN_RETENTION_DAYS` after it was replaced",
    "triggers/": "one per trigger, until that or its template is deleted",
    "secrets/": "one per trigger, and per signed URL in a template, version or run: `KILN_RETENTION_DAYS`",
    "pending-events/": "one per trigger, with at most 1,000 events",
    "rebuilds/": "one per template",
    "dependents/": "one per `SourceImage` trigger",
    "producers/": "one per `SourceImage` trigger and image that its template makes",
    "sources/": "one per marketplace image that is a source, removed within a day after its last template",
    "listeners/": "one per `Event` trigger",
    "runs/": "one per run: `KILN_RETENTION_DAYS`",
    "reservations/": "one per version, managed image or VHD that a run is about to make",
    "plans/": "one per run: purged with it",
    "ledgers/": "one per run: purged with it",
    "leftovers/": "one per run with leftovers, until these are gone",
    "outbox/": "one per run with unpublished events, until they are published or the run is purged",
    "operations/": "one per request: `KILN_RETENTION_DAYS`",
}
"""The bound of each kind of document, by the beginning of its path. The table in docs/operations.md has the same."""

SIDE_BY_SIDE = 8
SECONDS = 60.0
"""The time after which no further run of a template is purged in a round."""
ROUND = 600.0
"""The time after which a round begins no further template; the next round has them in another order."""
NAMED = 20
"""The most runs of one template that are named in the log when they cannot be purged; all are counted."""
AT_ONCE = 5000
"""The most operations that one round removes; the next round continues."""

log = logging.getLogger("kiln.retention")


def purge_runs(before: datetime, store: Documents | None = None) -> int:
    """Purge runs that ended before then, with their logs, plans, ledgers and other documents. Returns how many.

    Templates are purged in parallel. A run that cannot be read or removed is logged, stops no other, and is tried again
    by the next round.
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
    """Return the ids of runs that were requested before then, by their template's key, from one list of paths.

    The templates' order changes each hour, so that those which take all of a round's time are not always first.
    """
    asked, hour = f"{before:%Y%m%d-%H%M%S}", f"{before:%Y%m%d%H}"
    names = (path.removeprefix("runs/").removesuffix(".json").rpartition("/") for path in store.paths("runs/"))
    old = ((key, run_id) for key, _, run_id in names if run_id < asked)
    grouped = [(key, [run_id for _, run_id in each]) for key, each in itertools.groupby(old, operator.itemgetter(0))]
    return sorted(grouped, key=lambda item: hashlib.sha256(f"{hour} {item[0]}".encode()).digest())


def _purge_template(store: Documents, key: str, run_ids: list[str], before: datetime) -> int:
    """Purge those of a template's old runs that are due; the sweeper removes the runs of a template that is gone."""
    begun, purged, kept = time.monotonic(), 0, dict[str, str]()
    record = Templates(store).by_key(key)
    if record is None:
        return 0
    for run_id in run_ids:
        if time.monotonic() - begun > SECONDS:
            break
        try:
            purged += _purge_run(store, record, run_id, before)
        except Exception as error:  # noqa: BLE001 - any error concerns this run alone, and is logged
            kept[run_id] = reason(error)
    if kept:
        named = "; ".join(f"{run_id}: {why}" for run_id, why in itertools.islice(kept.items(), NAMED))
        log.error("%d runs of %s could not be purged, the next round tries again: %s", len(kept), key, named)
    return purged


def _purge_run(store: Documents, template: TemplateRecord, run_id: str, before: datetime) -> bool:
    """Purge a run if it is due. Returns whether it is gone.

    The record is deleted last, since a run without one is not found again, and only if it is unchanged.
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
    """Whether the run ended before then and nothing depends on it.

    The latest run is part of the template's state, a run with leftovers or a kept machine still has resources in Azure,
    and a run that made one of the template's latest outputs is needed for retries.
    """
    if run.run_id == template.run_id or run.leftovers or run.kept:
        return False
    if not run.state.is_final or run.ended is None or run.ended >= before:
        return False
    good = run.state in {RunState.SUCCEEDED, RunState.PARTIALLY_SUCCEEDED}
    latest = {(output.artifact_id, output.artifact_uri) for output in template.outputs.values()}
    return not (good and any((output.artifact_id, output.artifact_uri) in latest for output in run.outputs))


def purge_operations(before: datetime, store: Documents | None = None) -> int:
    """Purge operations that began before then, but for unreadable ones. Returns how many."""
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
