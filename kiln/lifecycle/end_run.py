"""Canceling a run, by an event to its build, and deleting a template, by an orchestration of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kiln.contracts.templates import DELETE_TEMPLATE, TemplateRequest
from kiln.errors import DocumentUnreadable
from kiln.ids import RunRef
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.lifecycle.submission import give_up
from kiln.runs.begin import current_run
from kiln.runs.naming import build_instance, delete_instance
from kiln.runs.reading import tell
from kiln.runs.record import RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begin_deletion, finish, request_cancel
from kiln.sweep.leftovers import Leftovers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiln.ids import TemplateId


async def cancel_current_run(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> RunRecord | None:
    """Cancel the template's run and return it, or None when none is going. A repeated call tells the build again."""
    run = await asyncio.to_thread(current_run, record)
    if run is None or run.state.is_final:
        return None
    marked = await asyncio.to_thread(Runs().update, record.id, run.run_id, request_cancel)
    if marked.state.is_final or await orchestrations.cancel(run.instance_id):
        return marked
    if run.phases:
        await asyncio.to_thread(Leftovers().keep, RunRef(template=record.id, run_id=run.run_id), now)
    return await asyncio.to_thread(Runs().update, record.id, run.run_id, lambda known: abandoned(known, now))


def abandoned(run: RunRecord, now: datetime) -> RunRecord:
    """Return the run as Canceled, since no orchestration is left to end it. A run that is over stays as it is."""
    if run.phases:
        message = (
            "The run was canceled after its orchestration had ended without reporting a result. The next sweep deletes "
            "the resources that it made."
        )
    else:
        message = "The run was canceled before it began."
    return finish(run, RunState.CANCELED, now, message, error=None, leftovers=())


async def delete_template(
    orchestrations: Orchestrations,
    template: TemplateId,
    now: datetime,
    check: Callable[[TemplateRecord], None] = lambda _: None,
) -> TemplateRecord | None:
    """Begin to delete the template and return it, or None when it does not exist.

    A repeated call changes nothing while the deletion's orchestration runs, and starts it anew when it does not. Raises
    what `check` raises, when the template does not meet the client's conditions.
    """

    def leaving(record: TemplateRecord) -> TemplateRecord:
        check(record)
        return begin_deletion(record, now)

    record = await asyncio.to_thread(Templates().update, template, leaving)
    if record is None:
        return None
    await start_deletion(orchestrations, record, now)
    return record


async def _end_run(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> None:
    """Cancel the template's run.

    If its record cannot be read, its orchestration is told by the run's id; if that is over, the resources in the run's
    ledger are left to the sweeper.
    """
    try:
        await cancel_current_run(orchestrations, record, now)
    except DocumentUnreadable as error:
        if record.run_id is None or error.path != Runs.path(record.id, record.run_id):
            raise
        tell(error)
        if not await orchestrations.cancel(build_instance(record.id, record.run_id)):
            await asyncio.to_thread(Leftovers().keep, RunRef(template=record.id, run_id=record.run_id), now)


async def start_deletion(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> None:
    """End the run and submission of a template that is being deleted, and start its deletion unless that is going."""
    await _end_run(orchestrations, record, now)
    await give_up(orchestrations, record, now)
    instance = delete_instance(record)
    status = await orchestrations.status(instance)
    if status is RuntimeStatus.COMPLETED:  # it has just ended as it should, or without reporting a result
        known = await asyncio.to_thread(Templates().get, record.id)
        if known is None or known.content.created != record.created:
            return
    if status is not RuntimeStatus.RUNNING:
        await orchestrations.start(DELETE_TEMPLATE, instance, TemplateRequest(template=record.id, made=record.created))
