"""A run begins for a client or a trigger, and its orchestration is started: the part that only the task hub can do.

kiln.runs.begin has the protocol. It owns what a request does with a run that somebody else began and never started.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kiln.contracts.runs import BUILD_IMAGE, BuildRequest
from kiln.errors import Conflict, ErrorDetail
from kiln.ids import RunRef
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.runs.begin import Begun, InTheWay, begin_run, current_run
from kiln.runs.record import ProvisioningState, RunRecord, RunState, TemplateRecord
from kiln.runs.resources import why_failed
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.ids import TemplateId


NOT_NOW = "OperationNotAllowed"
"""AIB's code for what the template's state forbids."""


async def start_run(
    orchestrations: Orchestrations, template: TemplateId, run_id: str, make: Callable[[TemplateRecord], RunRecord]
) -> RunRecord:
    """Start the run of that id, which `make` makes of the template, and return it; it may have been started before.

    A run that was asked for before but never started is started instead, and returned when the same work is asked for.
    Raises `ResourceNotFound`, `Conflict` while the template's state allows no run, or what `make` raises.
    """

    def allowed(record: TemplateRecord) -> RunRecord:
        run = make(record)
        check_state(record, retry=run.retry_of is not None)
        return run

    match await asyncio.to_thread(begin_run, template, run_id, allowed):
        case Begun(run):
            if await is_unstarted(orchestrations, run):
                await start(orchestrations, run)
            return run
        case InTheWay(run):
            if not await is_unstarted(orchestrations, run):
                raise busy(run)
            stored = await asyncio.to_thread(Templates().require, template)
            await go_on(orchestrations, stored, run)
            if not _same_work(run, make(stored)):
                raise busy(run)
            return run


def check_state(record: TemplateRecord, *, retry: bool) -> None:
    """Raise `Conflict` when the template's provisioning state allows no run.

    A retry builds what an earlier version was, so a later version that failed does not forbid it.
    """
    name = record.id.arm
    match record.provisioning_state:
        case ProvisioningState.CREATING | ProvisioningState.UPDATING:
            raise Conflict(
                f"A run of the image template {name} is not allowed in provisioningState "
                f"{record.provisioning_state.value}.",
                code=NOT_NOW,
                target=name,
                hint="Wait until its submission is over: its Azure-AsyncOperation, or provisioningState, tells.",
            )
        case ProvisioningState.FAILED if not retry:
            why = why_failed(record)
            raise Conflict(
                f"A run of the image template {name} is not allowed in provisioningState Failed"
                + (f": {why.message}" if why else "."),
                code=NOT_NOW,
                target=name,
                details=(ErrorDetail(code=why.code, message=why.message),) if why else (),
                hint="Submit the template again when that is fixed.",
            )
        case _:
            return


def busy(run: RunRecord) -> Conflict:
    """Return the error for whoever asks for a run while `run` is going."""
    return Conflict(
        f"Run {run.run_id} of the image template {run.template.arm} is {run.state.value}.",
        target=run.template.arm,
        hint=f"Wait for its end, or cancel it: POST {run.template.arm}/cancel.",
    )


async def is_unstarted(orchestrations: Orchestrations, run: RunRecord) -> bool:
    """Whether the run's orchestration was never started, and nobody is going to: who began it died before that."""
    if run.state is not RunState.RUNNING or run.phases:
        return False
    if await orchestrations.status(run.instance_id) is not RuntimeStatus.MISSING:
        return False
    return not await is_awaited(orchestrations, run)


async def is_awaited(orchestrations: Orchestrations, run: RunRecord) -> bool:
    """Whether an orchestration that asked for the run is still going, and so will start it."""
    return run.starter is not None and await orchestrations.status(run.starter) is RuntimeStatus.RUNNING


async def go_on(orchestrations: Orchestrations, template: TemplateRecord, run: RunRecord) -> None:
    """Go on with the template's unstarted run from where its beginning was left, if it is its run still."""
    if template.run_id == run.run_id and (written := await asyncio.to_thread(current_run, template)) is not None:
        await start(orchestrations, written)


async def start(orchestrations: Orchestrations, run: RunRecord) -> None:
    """Start the run's orchestration, unless the run was canceled before; tell it if it was in between."""
    if run.state is not RunState.RUNNING:
        return
    request = BuildRequest(run=RunRef(template=run.template, run_id=run.run_id))
    await orchestrations.start(BUILD_IMAGE, run.instance_id, request)
    latest = await asyncio.to_thread(Runs().get, run.template, run.run_id)
    if latest is None or latest.state is not RunState.RUNNING:
        # A cancel came between the record and the orchestration, and found nothing to tell.
        await orchestrations.cancel(run.instance_id)


def _same_work(one: RunRecord, other: RunRecord) -> bool:
    return (one.overrides, one.retry_of) == (other.overrides, other.retry_of)
