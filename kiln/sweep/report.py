"""The report of a sweep: made when the sweep ends, logged, and kept in the store until the next one's replaces it.

The next sweep continues from it, and people ask for it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from kiln.errors import ResourceNotFound
from kiln.parallel import run_each
from kiln.rebuild.index import repair
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, read_latest, reason
from kiln.runs.runs import Runs
from kiln.runs.transitions import strike_leftovers
from kiln.sweep.gone_templates import forget_gone_templates
from kiln.sweep.leftovers import Leftovers
from kiln.sweep.models import GRACE, SweepReport

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.sweep.contracts import SweepDone
    from kiln.sweep.models import Leftover

PATH = "sweeps/latest.json"

log = logging.getLogger("kiln.sweep")


class LatestSweep:
    """The report of the latest sweep, kept in the store."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def latest(self) -> SweepReport | None:
        """Return the report of the latest sweep, or None before the first."""
        return read_latest(self._store, PATH, SweepReport)

    def keep(self, report: SweepReport) -> None:
        """Store a report in the place of the one before."""
        keep_latest(self._store, PATH, report)


def record_sweep(done: SweepDone) -> SweepReport:
    """Strike deleted leftovers from the records, remove orphans, then keep and log the report."""
    began, now, found = datetime.fromisoformat(done.began), datetime.fromisoformat(done.at), done.found
    left = {each.leftover.entry.key for each in done.left}
    deleted = tuple(each for each in found.due if each.entry.key not in left)
    left_ids = {each.leftover.entry.id for each in done.left}  # as a disk's, when only the access to it is gone
    struck = _strike(tuple(each for each in deleted if each.entry.id not in left_ids), began)
    orphans = forget_gone_templates()
    problems = [*found.problems, *done.problems, *struck, *orphans.problems]
    remaining = (*(each.leftover for each in done.left), *found.young)
    report = SweepReport(
        began=began,
        ended=now,
        subscriptions=found.subscriptions,
        runs=done.runs,
        deleted=tuple(each for each in deleted if not each.is_gone),
        left=done.left,
        more=found.more,
        documents=orphans.documents + repair(now),
        problems=tuple(problems),
        seen={each.entry.id.lower(): each.since for each in remaining},
    )
    LatestSweep().keep(report)
    _tell(report)
    return report


def _strike(deleted: tuple[Leftover, ...], began: datetime) -> list[str]:
    """Strike deleted leftovers from the records of their runs. Returns the problems.

    A young leftover of a ledger is not struck yet: a call that was under way when the run was lost may still make it.
    """
    by_run: dict[RunRef, list[Leftover]] = {}
    for each in deleted:
        if each.run is not None:
            by_run.setdefault(each.run, []).append(each)
    attempts = run_each(by_run.items(), lambda item: _strike_of(*item, began))
    return [
        f"The deleted leftovers of run {attempt.item[0].run_id} are still in its records: {reason(attempt.fault)}"
        for attempt in attempts
        if attempt.fault is not None
    ]


def _strike_of(run: RunRef, gone: list[Leftover], began: datetime) -> None:
    _strike_leftovers(run, {each.entry.id for each in gone})
    old = {each.entry.id for each in gone if each.from_ledger and began - each.since >= GRACE}
    if old:
        Leftovers().strike(run, old)


def _strike_leftovers(run: RunRef, gone: set[str]) -> None:
    try:
        Runs().update(run.template, run.run_id, lambda record: strike_leftovers(record, gone))
    except ResourceNotFound:
        return  # the run was deleted with its template


def _tell(report: SweepReport) -> None:
    for ended in report.runs:
        log.warning("run %s of %s is %s: %s", ended.run.run_id, ended.run.template.arm, ended.state, ended.message)
    for each in report.deleted:
        log.warning("deleted %s: %s, since %s", each.entry.id, each.why, each.since.isoformat())
    for left in report.left:
        since = left.leftover.since.isoformat()
        log.error("cannot delete %s, a leftover since %s: %s", left.leftover.entry.id, since, left.reason)
    for problem in report.problems:
        log.error("%s", problem)
