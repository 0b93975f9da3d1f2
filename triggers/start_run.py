"""A run begins: at most one a template, and none that a crash between two steps could leave stuck.

The order is: store the run, point the template at it by compare-and-swap (whoever wins runs), start its orchestration.
A request that died before the second step leaves a record that no one sees; one that died before the third leaves a
run that the next request starts.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kiln.contracts import BUILD_IMAGE
from kiln.errors import Conflict, ErrorDetail
from kiln.ids import RunRef
from kiln.messages import BuildRequest
from kiln.runs.naming import submit_instance
from kiln.runs.record import ProvisioningState, RunRecord, RunState, TemplateRecord
from kiln.runs.store import Runs, Templates
from triggers.orchestrations import Life
from triggers.submit import ATTEMPTS, being_deleted

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.ids import TemplateId
    from kiln.runs.documents import Stored
    from triggers.orchestrations import Orchestrations

NOT_NOW = "OperationNotAllowed"
"""AIB's code for what the template's state forbids."""


async def start_run(
    orchestrations: Orchestrations, template: TemplateId, make: Callable[[TemplateRecord], RunRecord]
) -> RunRecord:
    """Start the run that `make` makes of the template, and return it.

    A plain run that was asked for before but never started is started instead, and returned when another plain one is
    asked for. Raises `ResourceNotFound`, `Conflict` while the template's state allows no run, or what `make` raises.
    """
    for _ in range(ATTEMPTS):
        stored, current = await asyncio.to_thread(_read, template)
        if current is not None and not current.state.is_final:
            if not await _is_orphan(orchestrations, stored.content, current):
                raise busy(current)
            await _start(orchestrations, current)
            if not _same_work(current, make(stored.content)):
                raise busy(current)
            return current
        run = make(stored.content)
        check_state(stored.content, retry=run.retry_of is not None)
        if await asyncio.to_thread(_claim, stored, run):
            await _start(orchestrations, run)
            return run
    raise Conflict("The image template kept changing.", target=template.arm)


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
            why = record.provisioning_error
            raise Conflict(
                f"A run of the image template {name} is not allowed in provisioningState Failed"
                + (f": {why.message}" if why else "."),
                code=NOT_NOW,
                target=name,
                details=(ErrorDetail(code=why.code, message=why.message),) if why else (),
                hint="Submit the template again when that is mended.",
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


def _read(template: TemplateId) -> tuple[Stored[TemplateRecord], RunRecord | None]:
    stored = Templates().require_stored(template)
    if stored.content.provisioning_state is ProvisioningState.DELETING:
        raise being_deleted(stored.content)
    return stored, Runs().latest(stored.content)


def _same_work(one: RunRecord, other: RunRecord) -> bool:
    return (one.overrides, one.retry_of) == (other.overrides, other.retry_of)


def _claim(stored: Stored[TemplateRecord], run: RunRecord) -> bool:
    """Make `run` the template's run. Returns False, with nothing left behind, when the template changed meanwhile."""
    Runs().create(run)
    return Templates().take_run(stored, run)


async def _is_orphan(orchestrations: Orchestrations, template: TemplateRecord, run: RunRecord) -> bool:
    """Whether the request that stored the run died before it started the orchestration.

    A run that the template's autoRun asked for is started by its submission, as long as that is going; one that a new
    source image asked for by the orchestration that claimed it.
    """
    if run.state is not RunState.RUNNING or run.phases:
        return False
    if await orchestrations.life(run.instance_id) is not Life.NONE:
        return False
    if run.cause is not None and run.cause.by is not None:
        return await orchestrations.life(run.cause.by) is not Life.GOING
    return await orchestrations.life(submit_instance(template)) is not Life.GOING


async def _start(orchestrations: Orchestrations, run: RunRecord) -> None:
    request = BuildRequest(run=RunRef(template=run.template, run_id=run.run_id))
    await orchestrations.start(BUILD_IMAGE, run.instance_id, request)
    latest = await asyncio.to_thread(Runs().get, run.template, run.run_id)
    if latest is None or latest.state is not RunState.RUNNING:
        # A cancel came between the record and the orchestration, and found nothing to tell.
        await orchestrations.cancel(run.instance_id)
