"""Image templates over HTTP: PUT, GET and DELETE, as azure-mgmt-imagebuilder calls them."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.lifecycle.end_run import delete_template as begin_deletion
from kiln.lifecycle.reconcile import reconcile
from kiln.lifecycle.submit import Submission, accept
from kiln.runs.operations import OperationKind
from kiln.runs.templates import Templates
from kiln.template.parse import parse_template, without_read_only
from triggers.answers import template_answer
from triggers.endpoint import TEMPLATE_ROUTE, endpoint
from triggers.etags import check_if_match, check_put, etag, is_known
from triggers.operations import begin, follow
from triggers.reach import check_reach
from triggers.readable import shown_run
from triggers.reply import Reply

if TYPE_CHECKING:
    from kiln.runs.record import TemplateRecord
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
        check=partial(check_put, call.headers, call.template),
        may_read=call.may_read,
    )
    accepted = await accept(call.orchestrations, submission)
    operation = await begin(call, OperationKind.PUT, accepted.record, version=accepted.record.version)
    answer = await shown(call, accepted.record)
    headers = {**answer.headers, **follow(call, operation, "Azure-AsyncOperation")}
    return Reply(HTTPStatus.CREATED if accepted.is_new else HTTPStatus.OK, answer.body, headers)


@endpoint(bp, "GET", TEMPLATE_ROUTE, "imageTemplates/read")
async def get_template(call: Call) -> Reply:
    """Answer a template with the state of its latest run; 304 when the client has the very same answer."""
    record = await asyncio.to_thread(Templates().require, call.template)
    answer = await shown(call, await reconcile(call.orchestrations, record, call.now))
    condition = call.headers.get("If-None-Match")
    if condition and is_known(condition, answer.headers["ETag"]):
        return Reply(HTTPStatus.NOT_MODIFIED, headers=answer.headers)
    return answer


@endpoint(bp, "DELETE", TEMPLATE_ROUTE, "imageTemplates/delete")
async def delete_template(call: Call) -> Reply:
    """Begin to delete a template and its staging group; 204 when there is none."""
    check = partial(check_if_match, call.headers, call.template)
    record = await begin_deletion(call.orchestrations, call.template, call.now, check)
    if record is None:
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.DELETE, record)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Location"))


async def shown(call: Call, record: TemplateRecord) -> Reply:
    """Answer the template as it is."""
    run = await asyncio.to_thread(shown_run, record)
    resource = template_answer(record, run, call.api_version)
    return Reply(HTTPStatus.OK, resource, {"ETag": etag(record, resource)})
