"""Runs over HTTP: run and cancel as azure-mgmt-imagebuilder calls them, and Kiln's own run history and logs."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.runs.artifacts import read_log
from kiln.runs.record import OperationKind, RunRecord
from kiln.runs.status import listed_runs, run_resource
from kiln.runs.store import Runs, Templates
from triggers.end_run import cancel_current_run
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.operations import begin, follow
from triggers.reply import Reply
from triggers.start_run import start_run

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/run")
async def run_template(call: Call) -> Reply:
    """Start a run; 409 while another one is going."""
    record = await asyncio.to_thread(Templates().require, call.template)
    run = await start_run(call.orchestrations, record.id, call.now)
    operation = await begin(call, OperationKind.RUN, record, run.run_id)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/cancel")
async def cancel_run(call: Call) -> Reply:
    """Cancel the run that is going; 204 when none is. The operation is over when the run is."""
    record = await asyncio.to_thread(Templates().require, call.template)
    run = await cancel_current_run(call.orchestrations, record, call.now)
    if run is None:
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.CANCEL, record, run.run_id)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Azure-AsyncOperation", "Location"))


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runs")
async def list_runs(call: Call) -> Reply:
    """Answer a template's runs, newest first."""
    return await asyncio.to_thread(_show_all, call.template)


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runs/{run}")
async def get_run(call: Call) -> Reply:
    """Answer everything that is known of one run."""
    run = await asyncio.to_thread(_require, call.template, call.run_id)
    return Reply(HTTPStatus.OK, run_resource(run))


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runs/{run}/log")
async def get_run_log(call: Call) -> Reply:
    """Answer customization.log from the byte `offset` on, or 204 when it has nothing beyond.

    The state that comes with it was read before the log was: a log that is empty in a final state is complete.
    """
    offset = call.natural("offset", 0)
    run = await asyncio.to_thread(_require, call.template, call.run_id)
    text = await asyncio.to_thread(read_log, run.log_url, offset) if run.log_url else b""
    headers = {"x-kiln-next-offset": str(offset + len(text)), "x-kiln-run-state": run.state.value}
    return Reply(HTTPStatus.OK, text, headers) if text else Reply(HTTPStatus.NO_CONTENT, headers=headers)


def _require(template: TemplateId, run_id: str) -> RunRecord:
    return Runs().require(Templates().require(template).id, run_id)


def _show_all(template: TemplateId) -> Reply:
    record = Templates().require(template)
    runs = listed_runs(record, Runs().list(record.id))
    return Reply(HTTPStatus.OK, {"value": [run_resource(run) for run in runs]})
