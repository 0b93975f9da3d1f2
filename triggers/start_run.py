"""A run begins: at most one a template, and none that a crash between two steps could leave stuck.

The order is: store the run, point the template at it by compare-and-swap (whoever wins runs), start its orchestration.
A request that died before the second step leaves a record that no one sees; one that died before the third leaves a
run that the next request starts.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from kiln.contracts import BUILD_IMAGE
from kiln.errors import Conflict, PreconditionFailed
from kiln.ids import RunRef
from kiln.messages import BuildRequest
from kiln.runs.naming import build_instance, run_id
from kiln.runs.record import ProvisioningState, RunRecord, RunState, TemplateRecord
from kiln.runs.store import Runs, Templates
from triggers.orchestrations import Life
from triggers.submit import ATTEMPTS, being_deleted

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.ids import TemplateId
    from kiln.runs.documents import Stored
    from triggers.orchestrations import Orchestrations


async def start_run(orchestrations: Orchestrations, template: TemplateId, now: datetime) -> RunRecord:
    """Start a run and return it; a run that was asked for before but never started is started instead.

    Raises `ResourceNotFound`, or `Conflict` while another run is going or the template is being deleted.
    """
    for _ in range(ATTEMPTS):
        stored, current = await asyncio.to_thread(_read, template)
        if current is not None and not current.state.is_final:
            if not await _is_orphan(orchestrations, current):
                raise busy(current)
            await _start(orchestrations, current)
            return current
        run = queued(stored.content, now, secrets.token_hex(4))
        if await asyncio.to_thread(_claim, stored, run):
            await _start(orchestrations, run)
            return run
    raise Conflict("The image template kept changing.", target=template.arm)


def queued(record: TemplateRecord, now: datetime, suffix: str) -> RunRecord:
    """Return the record of a run that is about to start. `suffix` is 8 random hex digits."""
    name = run_id(now, suffix)
    return RunRecord(run_id=name, instance_id=build_instance(record.id, name), template=record.id, requested=now)


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
    name = stored.content.run_id
    return stored, Runs().get(template, name) if name else None


def _claim(stored: Stored[TemplateRecord], run: RunRecord) -> bool:
    """Make `run` the template's run. Returns False, with nothing left behind, when the template changed meanwhile."""
    Runs().create(run)
    try:
        Templates().replace(stored.content.model_copy(update={"run_id": run.run_id}), stored.etag)
    except PreconditionFailed:
        Runs().delete(run.template, run.run_id)
        return False
    return True


async def _is_orphan(orchestrations: Orchestrations, run: RunRecord) -> bool:
    """Whether the request that stored the run died before it started the orchestration."""
    if run.state is not RunState.RUNNING or run.phases:
        return False
    return await orchestrations.life(run.instance_id) is Life.NONE


async def _start(orchestrations: Orchestrations, run: RunRecord) -> None:
    request = BuildRequest(run=RunRef(template=run.template, run_id=run.run_id))
    await orchestrations.start(BUILD_IMAGE, run.instance_id, request)
    latest = await asyncio.to_thread(Runs().get, run.template, run.run_id)
    if latest is None or latest.state is not RunState.RUNNING:
        # A cancel came between the record and the orchestration, and found nothing to tell.
        await orchestrations.cancel(run.instance_id)
