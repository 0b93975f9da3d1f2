"""Runs over HTTP: run and cancel as azure-mgmt-imagebuilder calls them, and Kiln's own retry."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.errors import Conflict
from kiln.runs.queue import new_run
from kiln.runs.record import OperationKind, RunRecord, RunState, TemplateRecord
from kiln.runs.store import Runs, Templates
from triggers.end_run import cancel_current_run
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.operations import begin, follow
from triggers.reply import Reply
from triggers.start_run import busy, start_run
from triggers.submission import tended

if TYPE_CHECKING:
    from collections.abc import Callable

    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/run")
async def run_template(call: Call) -> Reply:
    """Start a run; 409 while another one is going."""
    return await _start(call, lambda record: new_run(record, call.now, secrets.token_hex(4)))


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/cancel")
async def cancel_run(call: Call) -> Reply:
    """Cancel the run that is going; 204 when none is. The operation is over when the run is."""
    record = await asyncio.to_thread(Templates().require, call.template)
    run = await cancel_current_run(call.orchestrations, record, call.now)
    if run is None:
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.CANCEL, record, run_id=run.run_id)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/runs/{run}/retry")
async def retry_run(call: Call) -> Reply:
    """Start a run that builds what an earlier one was to build, and goes on from what that one made."""
    record = await asyncio.to_thread(Templates().require, call.template)
    earlier = await asyncio.to_thread(Runs().require, record.id, call.run_id)
    if not earlier.state.is_final:
        raise busy(earlier)
    if earlier.state is RunState.SUCCEEDED:
        raise Conflict(
            f"Run {earlier.run_id} of the image template {record.id.arm} succeeded; there is nothing to retry.",
            target=earlier.run_id,
            hint=f"Start another run: POST {record.id.arm}/run.",
        )

    def make(template: TemplateRecord) -> RunRecord:
        return new_run(
            template,
            call.now,
            secrets.token_hex(4),
            overrides=earlier.overrides,
            retry_of=earlier.run_id,
            body=earlier.body,
            version=earlier.version,
        )

    return await _start(call, make)


async def _start(call: Call, make: Callable[[TemplateRecord], RunRecord]) -> Reply:
    record = await asyncio.to_thread(Templates().require, call.template)
    record = await tended(call.orchestrations, record, call.now)
    run = await start_run(call.orchestrations, record.id, make)
    operation = await begin(call, OperationKind.RUN, record, run_id=run.run_id)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))
