"""Starting the submission of a template's version, and reconciling it with its orchestration.

A request that dies between storing a version and starting its submission leaves one that the next request for the
template starts. A submission whose orchestration ended without reporting a result is ended as Failed.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kiln.contracts.templates import SUBMIT_TEMPLATE
from kiln.ids import SubmissionRef
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.runs.naming import submit_instance
from kiln.runs.record import ProvisioningError, TemplateRecord
from kiln.runs.templates import Templates
from kiln.runs.transitions import settle

if TYPE_CHECKING:
    from datetime import datetime


async def start_submission(orchestrations: Orchestrations, record: TemplateRecord) -> None:
    """Start the submission of the template's present version, unless it is going already."""
    submission = SubmissionRef(template=record.id, made=record.created, version=record.version)
    await orchestrations.start(SUBMIT_TEMPLATE, submit_instance(record), submission)


async def reconcile_submission(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> TemplateRecord:
    """Start or end the template's submission if its orchestration does not run. Returns the template."""
    if not is_going(record):
        return record
    match await orchestrations.status(submit_instance(record)):
        case RuntimeStatus.RUNNING:
            return record
        case RuntimeStatus.MISSING:
            await start_submission(orchestrations, record)
            return record
        case RuntimeStatus.COMPLETED | RuntimeStatus.FAILED:
            return await asyncio.to_thread(_broken_off, record, now)


async def give_up(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> None:
    """End the submission of a template that is being deleted, if its orchestration does not run.

    If the orchestration starts after all, its first activity sees that the template is being deleted.
    """
    if (
        record.settled >= record.version
        or await orchestrations.status(submit_instance(record)) is RuntimeStatus.RUNNING
    ):
        return
    await asyncio.to_thread(
        Templates().update_made, record.id, record.created, lambda known: settle(known, record.version, now, None)
    )


def is_going(record: TemplateRecord) -> bool:
    """Whether the template's present version is being submitted."""
    return record.under_way == "submission"


def _broken_off(record: TemplateRecord, now: datetime) -> TemplateRecord:
    """End a submission as Failed whose orchestration is over, unless that ended it since the template was read."""
    error = ProvisioningError(
        code="ServerError",
        message="The submission's orchestration ended without reporting a result. Submit the template again.",
    )
    ended = Templates().update(record.id, lambda known: _settled(known, record, now, error))
    return ended or record


def _settled(known: TemplateRecord, seen: TemplateRecord, now: datetime, error: ProvisioningError) -> TemplateRecord:
    """Return `known` with its submission ended, if it is the one that was going in `seen`."""
    same = known.created == seen.created and known.version == seen.version
    return settle(known, seen.version, now, error) if same else known
