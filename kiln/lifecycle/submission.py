"""A submission is started, and none is left that nobody works on.

A request that dies between storing a version and starting its submission leaves one that the next look at the template
starts; one whose orchestration ended without a word is ended as Failed.
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
    """Return the template as it is, once somebody works on its submission or it is over."""
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
    """Let the submission of a template that is being deleted count as ended if nothing will ever end it.

    If it starts after all, its first activity sees that the template is going.
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
    """Whether the template's present version is on its way in."""
    return record.under_way == "submission"


def _broken_off(record: TemplateRecord, now: datetime) -> TemplateRecord:
    """End a submission whose orchestration is over, unless that one did so itself since the template was read."""
    error = ProvisioningError(
        code="ServerError",
        message="The submission's orchestration ended without a word. Submit the template again.",
    )
    ended = Templates().update(record.id, lambda known: _settled(known, record, now, error))
    return ended or record


def _settled(known: TemplateRecord, seen: TemplateRecord, now: datetime, error: ProvisioningError) -> TemplateRecord:
    """Return `known` with its submission ended, if it is the very one that was `seen` going."""
    same = known.created == seen.created and known.version == seen.version
    return settle(known, seen.version, now, error) if same else known
