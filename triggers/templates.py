"""Image templates over HTTP: PUT, GET and DELETE, as azure-mgmt-imagebuilder calls them."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.runs.children import Versions
from kiln.runs.record import OperationKind, TemplateRecord
from kiln.runs.store import Templates
from kiln.template.parse import parse_template, without_read_only
from triggers.answers import template_answer
from triggers.end_run import delete_template as begin_deletion
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.etags import etag, is_known
from triggers.operations import begin, follow
from triggers.reach import check_reach
from triggers.readable import shown_run
from triggers.reply import Reply
from triggers.submission import is_going, start_submission
from triggers.submit import Accepted, Submission, submit
from triggers.tend import tended

if TYPE_CHECKING:
    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "PUT", TEMPLATE_ROUTE, "imageTemplates/write")
async def put_template(call: Call) -> Reply:
    """Submit a template, new (201) or as the next version of the one of that name (200)."""
    sent = call.json()
    parse_template(sent, call.api_version)
    body = without_read_only(sent)
    check_reach(call, call.template, body, "imageTemplates/write")
    submission = Submission(
        template=call.template,
        body=lambda _: body,
        at=call.now,
        suffix=secrets.token_hex(4),
        if_match=call.headers.get("If-Match"),
        if_none_match=call.headers.get("If-None-Match"),
        may_read=call.may_read,
    )
    accepted = await accept(call, submission)
    operation = await begin(call, OperationKind.PUT, accepted.record, version=accepted.record.version)
    answer = await shown(call, accepted.record)
    headers = {**answer.headers, **follow(call, operation, "Azure-AsyncOperation")}
    return Reply(HTTPStatus.CREATED if accepted.is_new else HTTPStatus.OK, answer.body, headers)


@endpoint(bp, "GET", TEMPLATE_ROUTE, "imageTemplates/read")
async def get_template(call: Call) -> Reply:
    """Answer a template with the state of its latest run; 304 when the client has the very same answer."""
    record = await asyncio.to_thread(Templates().require, call.template)
    answer = await shown(call, await tended(call.orchestrations, record, call.now))
    condition = call.headers.get("If-None-Match")
    if condition and is_known(condition, answer.headers["ETag"]):
        return Reply(HTTPStatus.NOT_MODIFIED, headers=answer.headers)
    return answer


@endpoint(bp, "DELETE", TEMPLATE_ROUTE, "imageTemplates/delete")
async def delete_template(call: Call) -> Reply:
    """Begin to delete a template and its staging group; 204 when there is none."""
    record = await begin_deletion(call.orchestrations, call.template, call.now, call.headers.get("If-Match"))
    if record is None:
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.DELETE, record)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Location"))


async def accept(call: Call, submission: Submission) -> Accepted:
    """Store what is submitted, and see to it that somebody works on it."""
    accepted = await asyncio.to_thread(submit, Templates(), Versions(), submission)
    if accepted.is_new_version:
        await start_submission(call.orchestrations, accepted.record)
    elif is_going(accepted.record):
        await tended(call.orchestrations, accepted.record, call.now)
    return accepted


async def shown(call: Call, record: TemplateRecord) -> Reply:
    """Answer the template as it is."""
    run = await asyncio.to_thread(shown_run, record)
    resource = template_answer(record, run, call.api_version)
    return Reply(HTTPStatus.OK, resource, {"ETag": etag(record, resource)})
