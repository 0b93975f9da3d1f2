"""Reconciling a template's record with its orchestrations, whenever a request reads the template, and by a timer.

A request that died between the record and the orchestration leaves a submission, a deletion or a run that was never
started; it is started. A submission or a deletion whose orchestration ended without reporting a result is ended as
Failed, and can be asked for again; such a run is ended by the sweeper.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.errors import ErrorDetail
from kiln.ids import RunRef
from kiln.lifecycle.end_run import cancel_current_run, start_deletion
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.lifecycle.parallel import await_each
from kiln.lifecycle.start_run import is_unstarted, start
from kiln.lifecycle.submission import reconcile_submission
from kiln.runs.begin import current_run, has_begun
from kiln.runs.naming import delete_instance
from kiln.runs.reading import reason
from kiln.runs.record import RunState
from kiln.runs.templates import Templates
from kiln.runs.transitions import abandon_deletion

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.runs.record import TemplateRecord

STARTING = timedelta(minutes=1)
"""The time that a request has to start the orchestration that it asked for; until then it is left alone."""

log = logging.getLogger("kiln.templates")


async def reconcile_all(orchestrations: Orchestrations, now: datetime) -> None:
    """Reconcile the templates that are being submitted or deleted, or are beginning a run; no other is read.

    They are reconciled in parallel; one that fails is logged, and tried again by the next round.
    """
    keys = await asyncio.to_thread(lambda: list(Templates().under_way()))
    for attempt in await await_each(keys, lambda key: _reconcile_one(orchestrations, key, now)):
        if attempt.fault is not None:
            log.error("the image template %s could not be reconciled: %s", attempt.item, reason(attempt.fault))


async def _reconcile_one(orchestrations: Orchestrations, key: str, now: datetime) -> None:
    record = await asyncio.to_thread(Templates().by_key, key)
    if record is not None and now - record.under_way_since >= STARTING:
        record = await reconcile(orchestrations, record, now)
    if record is None or record.beginning is None or record.under_way == "deletion":
        return  # a deletion ends the run itself
    if now - record.beginning.requested >= STARTING:
        await _reconcile_run(orchestrations, record, now)


async def _reconcile_run(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> None:
    """Start the run that the template is beginning, or end it if it was canceled before (kiln.runs.begin)."""
    run = await asyncio.to_thread(current_run, record)
    if run is None:
        return
    if run.state.is_final or run.phases:
        await asyncio.to_thread(has_begun, RunRef(template=run.template, run_id=run.run_id))
    elif run.state is RunState.CANCELING:
        await cancel_current_run(orchestrations, record, now)
    elif await is_unstarted(orchestrations, run):
        await start(orchestrations, run)


async def reconcile(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> TemplateRecord:
    """Start or end the template's submission or deletion if its orchestration does not run. Returns the template."""
    if record.under_way != "deletion":
        return await reconcile_submission(orchestrations, record, now)
    match status := await orchestrations.status(delete_instance(record)):
        case RuntimeStatus.RUNNING:
            return record
        case RuntimeStatus.MISSING:
            await start_deletion(orchestrations, record, now)
            return record
        case RuntimeStatus.COMPLETED | RuntimeStatus.FAILED:
            return await asyncio.to_thread(_broken_off, record, status)


def _broken_off(record: TemplateRecord, status: RuntimeStatus) -> TemplateRecord:
    """Mark a template as not deleted whose deletion ended, unless the deletion did so since the template was read."""
    error = ErrorDetail(
        code="ServerError",
        message=f"Its orchestration is {status.value} and reported no result.",
        hint="See the app's log.",
    )

    def ended(known: TemplateRecord) -> TemplateRecord:
        return (
            abandon_deletion(known, error)
            if (known.created, known.deletion_began) == (record.created, record.deletion_began)
            else known
        )

    return Templates().update(record.id, ended) or record
