"""How long Kiln remembers: each kind of stored document with what bounds it, and the removal of what is too old.

A run's record goes with its ledger when the run is long over and nothing stands on it. Nothing here is needed to tell
garbage from what is somebody's: of a run without a record the sweeper knows by the resource's name that it is over.
"""

from __future__ import annotations

import itertools
import logging
import operator
from typing import TYPE_CHECKING

from kiln.ids import RunRef
from kiln.runs.debts import Debt, Debts
from kiln.runs.documents import Documents, documents
from kiln.runs.record import OperationRecord, RunState
from kiln.runs.store import Runs, Templates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.runs.record import RunRecord, TemplateRecord

BOUNDS = {
    "home.json": "one document",
    "rebuild-places.json": "one document",
    "health/": "one document, the latest",
    "sweeps/": "one document, the latest",
    "purges/": "one document, the latest",
    "templates/": "one a template",
    "groups/": "one a template; of one that is gone it is the next template's of the group",
    "versions/": "one a body that a template had, until the template is deleted",
    "triggers/": "one a trigger, until that or its template is deleted",
    "secrets/": "one a trigger or signed URL, until its template is deleted",
    "firings/": "one a trigger, with at most 1,000 occasions",
    "rebuilds/": "one a template",
    "dependents/": "one a trigger that follows its source",
    "feeds/": "one a trigger that follows its source and an image that its template makes",
    "sources/": "one a watched source",
    "listeners/": "one a trigger that hears of events",
    "runs/": "one a run: `KILN_RETENTION_DAYS`",
    "reservations/": "one a gallery version's number, while a run is about to make it",
    "ledgers/": "one a run: goes with it",
    "debts/": "one a run with leftovers, until these are gone",
    "outbox/": "one a run whose events are not published yet",
    "operations/": "one a request: `KILN_RETENTION_DAYS`",
}
"""By the beginning of its path, how each kind of document is bounded. docs/operations.md has the same."""

AT_ONCE = 500
"""Documents that one look removes of each kind; the next look goes on."""

log = logging.getLogger("kiln.retention")


def purge_runs(before: datetime, store: Documents | None = None) -> int:
    """Remove records of runs that ended before then, and their ledgers. Returns how many.

    One that cannot be read or removed is told of in the log, and stops no other.
    """
    store = store or documents()
    due = _due(store, before)
    return sum(1 for _ in itertools.islice(due, AT_ONCE))


def _due(store: Documents, before: datetime) -> Iterator[str]:
    """Purge and yield the runs that are due. One list tells of all; a run's id tells when it was asked for."""
    asked = f"{before:%Y%m%d-%H%M%S}"
    names = (path.removeprefix("runs/").removesuffix(".json").rpartition("/") for path in store.paths("runs/"))
    old = ((key, run_id) for key, _, run_id in names if run_id < asked)
    for key, of_template in itertools.groupby(old, key=operator.itemgetter(0)):
        try:
            record = Templates(store).by_key(key)
        except Exception:
            log.exception("the image template %s could not be read; its runs are kept", key)
            continue
        if record is None:
            continue  # the sweeper removes what is left of a template
        for _, run_id in of_template:
            try:
                if _purge_run(store, record, run_id, before):
                    yield run_id
            except Exception:
                log.exception("the record of run %s of %s could not be purged", run_id, key)


def _purge_run(store: Documents, template: TemplateRecord, run_id: str, before: datetime) -> bool:
    runs = Runs(store)
    run = runs.get(template.id, run_id)
    owed = store.get(Debts.path(RunRef(template=template.id, run_id=run_id)), Debt) is not None
    if run is None or owed or not is_due(run, template, before):
        return False
    store.delete(f"ledgers/{template.id.key}/{run_id}.json")
    store.delete(runs.path(template.id, run_id))  # last: a run without a record is not looked for again
    return True


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
    store = store or documents()
    removed = 0
    for path in store.older("operations/", before):
        try:
            stored = store.get(path, OperationRecord)
            if stored is None or stored.content.started >= before:
                continue
            store.delete(path)
        except Exception:
            log.exception("%s could not be purged", path)
            continue
        removed += 1
        if removed == AT_ONCE:
            break
    return removed
