"""Starting a run and its orchestration for a client or a trigger.

kiln.runs.begin has the protocol in the store. This module also handles a run that another request began and never
started.
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
"""Image Builder's error code for a request that the template's state forbids."""


async def start_run(
    orchestrations: Orchestrations, template: TemplateId, run_id: str, make: Callable[[TemplateRecord], RunRecord]
) -> RunRecord:
    """Start the run of that id, once, and return it; `make` returns its record.

    A run that another request began but never started is started instead, and returned if it does the same work. Raises
    `ResourceNotFound`, `Conflict` while the template's state allows no run, or what `make` raises.
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

    A retry builds an earlier version, so a later version that failed does not forbid it.
    """
    name = record.id.arm
    match record.provisioning_state:
        case ProvisioningState.CREATING | ProvisioningState.UPDATING:
            raise Conflict(
                f"A run of the image template {name} is not allowed in provisioningState "
                f"{record.provisioning_state.value}.",
                code=NOT_NOW,
                target=name,
                hint="Wait until its submission is over: poll its Azure-AsyncOperation, or its provisioningState.",
            )
        case ProvisioningState.FAILED if not retry:
            why = why_failed(record)
            raise Conflict(
                f"A run of the image template {name} is not allowed in provisioningState Failed"
                + (f": {why.message}" if why else "."),
                code=NOT_NOW,
                target=name,
                details=(ErrorDetail(code=why.code, message=why.message),) if why else (),
                hint="Fix the cause, then submit the template again.",
            )
        case _:
            return


def busy(run: RunRecord) -> Conflict:
    """Return the error for a request for a run while `run` is going."""
    return Conflict(
        f"Run {run.run_id} of the image template {run.template.arm} is {run.state.value}.",
        target=run.template.arm,
        hint=f"Wait until it ends, or cancel it: POST {run.template.arm}/cancel.",
    )


async def is_unstarted(orchestrations: Orchestrations, run: RunRecord) -> bool:
    """Whether the run's orchestration was never started and will not be, since the request that began it died."""
    if run.state is not RunState.RUNNING or run.phases:
        return False
    if await orchestrations.status(run.instance_id) is not RuntimeStatus.MISSING:
        return False
    return not await is_awaited(orchestrations, run)


async def is_awaited(orchestrations: Orchestrations, run: RunRecord) -> bool:
    """Whether an orchestration that asked for the run is still going, and so will start it."""
    return run.starter is not None and await orchestrations.status(run.starter) is RuntimeStatus.RUNNING


async def go_on(orchestrations: Orchestrations, template: TemplateRecord, run: RunRecord) -> None:
    """Continue the beginning of the template's unstarted run, if it is still the template's run."""
    if template.run_id == run.run_id and (written := await asyncio.to_thread(current_run, template)) is not None:
        await start(orchestrations, written)


async def start(orchestrations: Orchestrations, run: RunRecord) -> None:
    """Start the run's orchestration, unless the run was canceled before; pass on a cancel that came meanwhile."""
    if run.state is not RunState.RUNNING:
        return
    request = BuildRequest(run=RunRef(template=run.template, run_id=run.run_id))
    await orchestrations.start(BUILD_IMAGE, run.instance_id, request)
    latest = await asyncio.to_thread(Runs().get, run.template, run.run_id)
    if latest is None or latest.state is not RunState.RUNNING:
        # The cancel came before the orchestration was started, and so was not passed on to it.
        await orchestrations.cancel(run.instance_id)


def _same_work(one: RunRecord, other: RunRecord) -> bool:
    return (one.overrides, one.retry_of) == (other.overrides, other.retry_of)
