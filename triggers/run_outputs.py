"""Run outputs over HTTP: the latest of each distributor, and access to those that are blobs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.errors import Conflict, ResourceNotFound
from kiln.runs.artifacts import share
from kiln.runs.resources import run_output_resource, time_text
from kiln.runs.templates import Templates
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.paging import listed, read_page
from triggers.reply import Reply

if TYPE_CHECKING:
    from kiln.runs.record import RunOutput, TemplateRecord
    from triggers.call import Call

ACCESS_LIFETIME = timedelta(hours=1)

bp = df.Blueprint()


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runOutputs", "imageTemplates/runOutputs/read")
async def list_run_outputs(call: Call) -> Reply:
    """Answer the latest output of each distributor that has made one."""
    record = await asyncio.to_thread(Templates().require, call.template)
    outputs = {name: run_output_resource(record.id, output) for name, output in record.outputs.items()}
    page = read_page(outputs, outputs.get, call.query.get("$skiptoken"))
    return Reply(HTTPStatus.OK, listed(call, page))


@endpoint(bp, "GET", TEMPLATE_ROUTE + "/runOutputs/{output}", "imageTemplates/runOutputs/read")
async def get_run_output(call: Call) -> Reply:
    """Answer one run output."""
    record = await asyncio.to_thread(Templates().require, call.template)
    return Reply(HTTPStatus.OK, run_output_resource(record.id, find_output(record, call.route["output"])))


@endpoint(bp, "POST", TEMPLATE_ROUTE + "/runOutputs/{output}/getAccess", "imageTemplates/runOutputs/getAccess/action")
async def get_access(call: Call) -> Reply:
    """Answer a URL that can read a VHD for an hour; 409 for an output that is no blob, or not the run's own by now."""
    record = await asyncio.to_thread(Templates().require, call.template)
    output = find_output(record, call.route["output"])
    if output.artifact_uri is None:
        raise Conflict(
            f"The run output {output.name} is a {output.kind}, and only a VHD can be downloaded.", target=output.name
        )
    url, expires = await asyncio.to_thread(share, output.artifact_uri, output.mark, ACCESS_LIFETIME)
    body = {"accessSAS": url.reveal(), "expiresOn": time_text(expires)}
    return Reply(HTTPStatus.OK, body, {"Cache-Control": "no-store"})


def find_output(record: TemplateRecord, name: str) -> RunOutput:
    """Return the output of that name, in any case. Raises `ResourceNotFound`."""
    for known, output in record.outputs.items():
        if known.lower() == name.lower():
            return output
    raise ResourceNotFound(f"The image template {record.id.arm} has no run output {name!r} yet.", target=name)
