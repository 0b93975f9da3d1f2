"""Image templates over HTTP: PUT, GET, DELETE and the lists, as azure-mgmt-imagebuilder calls them."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.runs.record import OperationKind, RunRecord, TemplateRecord
from kiln.runs.status import template_resource
from kiln.runs.store import Runs, Templates
from triggers.end_run import delete_template as begin_deletion
from triggers.endpoint import GROUP_ROUTE, PROVIDER_ROUTE, TEMPLATE_ROUTE, endpoint
from triggers.operations import begin, follow
from triggers.reply import Reply
from triggers.submit import Submission, read_body, submit

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from triggers.call import Call

bp = df.Blueprint()


@endpoint(bp, "PUT", TEMPLATE_ROUTE)
async def put_template(call: Call) -> Reply:
    """Store a template, new (201) or over the one of that name (200)."""
    submission = Submission(
        template=call.template,
        body=read_body(call.json()),
        at=call.now,
        if_match=call.headers.get("If-Match"),
        if_none_match=call.headers.get("If-None-Match"),
    )
    stored, is_new = await asyncio.to_thread(submit, Templates(), submission, secrets.token_hex(4))
    run = await asyncio.to_thread(latest_run, stored.content)
    operation = await begin(call, OperationKind.PUT, stored.content)
    return Reply(
        HTTPStatus.CREATED if is_new else HTTPStatus.OK,
        template_resource(stored.content, run),
        {**follow(call, operation, "Azure-AsyncOperation"), "ETag": stored.etag},
    )


@endpoint(bp, "GET", TEMPLATE_ROUTE)
async def get_template(call: Call) -> Reply:
    """Answer a template with the state of its latest run."""
    return await asyncio.to_thread(_show, call.template)


@endpoint(bp, "DELETE", TEMPLATE_ROUTE)
async def delete_template(call: Call) -> Reply:
    """Begin to delete a template and its staging group; 204 when there is none."""
    record = await begin_deletion(call.orchestrations, call.template, call.now)
    if record is None:
        return Reply(HTTPStatus.NO_CONTENT)
    operation = await begin(call, OperationKind.DELETE, record)
    return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Location"))


@endpoint(bp, "GET", GROUP_ROUTE)
async def list_templates_of_group(call: Call) -> Reply:
    """Answer the templates of a resource group."""
    return await asyncio.to_thread(_show_all, call.subscription, call.group)


@endpoint(bp, "GET", PROVIDER_ROUTE + "/imageTemplates")
async def list_templates_of_subscription(call: Call) -> Reply:
    """Answer the templates of a subscription."""
    return await asyncio.to_thread(_show_all, call.subscription, None)


def latest_run(record: TemplateRecord) -> RunRecord | None:
    """Return the template's latest run, running or over, or None before the first."""
    return Runs().get(record.id, record.run_id) if record.run_id else None


def _show(template: TemplateId) -> Reply:
    stored = Templates().require_stored(template)
    resource = template_resource(stored.content, latest_run(stored.content))
    return Reply(HTTPStatus.OK, resource, {"ETag": stored.etag})


def _show_all(subscription: str, group: str | None) -> Reply:
    value: list[dict[str, Any]] = [
        template_resource(record, latest_run(record)) for record in Templates().list(subscription, group)
    ]
    return Reply(HTTPStatus.OK, {"value": value})
