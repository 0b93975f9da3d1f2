"""Kiln's own run history over HTTP: every run of a template, and each run's logs."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.errors import RequestInvalid
from kiln.runs.artifacts import LogName, log_url, read_log
from kiln.runs.naming import run_at
from kiln.runs.resources import run_resource
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.paging import listed, read_page
from triggers.reply import Reply

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.runs.record import RunRecord
    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runs", "imageTemplates/runs/read")
async def list_runs(call: Call) -> Reply:
    """Answer a template's runs, newest first."""
    return await asyncio.to_thread(_runs, call, call.template)


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runs/{run}", "imageTemplates/runs/read")
async def get_run(call: Call) -> Reply:
    """Answer one run with all its details."""
    run = await asyncio.to_thread(_require, call.template, call.run_id)
    return Reply(HTTPStatus.OK, run_resource(run))


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runs/{run}/log", "imageTemplates/runs/log/read")
async def get_run_log(call: Call) -> Reply:
    """Answer a log from the byte `offset` on, or 204 when it has nothing beyond; `name` says which of the two.

    The state that comes with it was read before the log was: a log that is empty in a final state is complete.
    """
    offset, name = call.natural("offset", 0), log_name(call.query.get("name", "customization"))
    run = await asyncio.to_thread(_require, call.template, call.run_id)
    text = await asyncio.to_thread(read_log, log_url(run.log_url, name), offset) if run.log_url else b""
    headers = {"x-kiln-next-offset": str(offset + len(text)), "x-kiln-run-state": run.state.value}
    return Reply(HTTPStatus.OK, text, headers) if text else Reply(HTTPStatus.NO_CONTENT, headers=headers)


def log_name(given: str) -> LogName:
    """Return which log is asked for. Raises `RequestInvalid`."""
    match given.lower():
        case "customization":
            return "customization"
        case "validation":
            return "validation"
        case _:
            raise RequestInvalid(
                f"The query's name is {given!r}; expected customization or validation.",
                code="InvalidParameter",
                target="name",
            )


def _require(template: TemplateId, run_id: str) -> RunRecord:
    record = Templates().require(template)
    return Runs().of(record, run_id) or Runs().require(record.id, run_id)


def _runs(call: Call, template: TemplateId) -> Reply:
    record, runs = Templates().require(template), Runs()

    def load(place: str) -> dict[str, Any] | None:
        run = runs.of(record, run_at(place))
        return run_resource(run) if run is not None else None

    page = read_page(runs.places(record), load, call.query.get("$skiptoken"), newest_first=True)
    return Reply(HTTPStatus.OK, listed(call, page))
