"""Long-running operations over HTTP: begun, with the headers by which clients follow them, and asked for."""

from __future__ import annotations

import asyncio
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.errors import ResourceNotFound
from kiln.ids import region_name
from kiln.lifecycle.outcome import OperationState, Outcome, Pointed, operation_path, operation_resource, outcome
from kiln.lifecycle.reconcile import reconcile
from kiln.runs.operations import OperationKind, OperationRecord, Operations
from kiln.runs.resources import error_body
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from triggers.answers import template_answer
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.readable import shown_run
from triggers.reply import RETRY_AFTER, Reply

if TYPE_CHECKING:
    from kiln.runs.record import TemplateRecord
    from triggers.call import Call

bp = df.Blueprint()


async def begin(
    call: Call, kind: OperationKind, record: TemplateRecord, *, run_id: str | None = None, version: int | None = None
) -> OperationRecord:
    """Store and return a new operation on a template, on a run of it, or on a version of it."""
    operation = OperationRecord(
        id=str(uuid.uuid4()),
        kind=kind,
        template=record.id,
        location=region_name(record.body["location"]),
        made=record.created,
        run_id=run_id,
        version=version,
        started=call.now,
    )
    await asyncio.to_thread(Operations().create, operation)
    return operation


def follow(call: Call, operation: OperationRecord, *names: str) -> dict[str, str]:
    """Return the headers `names` (`Azure-AsyncOperation`, `Location`) for the operation, and how soon to ask."""
    urls = {
        "Azure-AsyncOperation": call.url(operation_path(operation, "operations")),
        "Location": call.url(operation_path(operation, "operationResults")),
    }
    return {**{name: urls[name] for name in names}, "Retry-After": str(RETRY_AFTER)}


@endpoint(
    bp, "GET", PROVIDER_ROUTE + "/locations/{location}/operations/{operation}", "locations/operations/read", partly=True
)
async def get_operation(call: Call) -> Reply:
    """Answer an operation's status, which `Azure-AsyncOperation` points to."""
    found, result = await _look_up(call)
    headers = {"Retry-After": str(RETRY_AFTER)} if result.state is OperationState.IN_PROGRESS else {}
    return Reply(HTTPStatus.OK, operation_resource(found.operation, result), headers)


@endpoint(
    bp,
    "GET",
    PROVIDER_ROUTE + "/locations/{location}/operationResults/{operation}",
    "locations/operations/read",
    partly=True,
)
async def get_operation_result(call: Call) -> Reply:
    """Answer an operation's result, which `Location` points to; 202 until the operation is over.

    The result is the template after a PUT or PATCH, 204 after anything else, or the error.
    """
    found, result = await _look_up(call)
    if result.state is OperationState.IN_PROGRESS:
        return Reply(HTTPStatus.ACCEPTED, headers=follow(call, found.operation, "Location"))
    if result.error is not None:
        return Reply(HTTPStatus.CONFLICT, {"error": error_body(result.error)})
    if found.template is not None and found.operation.kind in {OperationKind.PUT, OperationKind.PATCH}:
        return Reply(HTTPStatus.OK, template_answer(found.template, found.run, call.api_version))
    return Reply(HTTPStatus.NO_CONTENT)


async def _look_up(call: Call) -> tuple[Pointed, Outcome]:
    operation = await asyncio.to_thread(Operations().require, call.operation_id)
    same_place = (operation.template.subscription.lower(), operation.location) == (
        call.subscription.lower(),
        region_name(call.route["location"]),
    )
    if not (same_place and call.may("locations/operations/read", operation.template.arm)):
        raise ResourceNotFound(f"There is no operation {operation.id}.", target=operation.id)
    template = await asyncio.to_thread(_template, operation)
    if template is not None and (operation.version is not None or operation.kind is OperationKind.DELETE):
        template = await reconcile(call.orchestrations, template, call.now)
    found = await asyncio.to_thread(_read, operation, template)
    return found, outcome(found)


def _template(operation: OperationRecord) -> TemplateRecord | None:
    """Return the template that the operation is about; one that was made later under the name is another."""
    stored = Templates().get(operation.template)
    return stored.content if stored and stored.content.created == operation.made else None


def _read(operation: OperationRecord, template: TemplateRecord | None) -> Pointed:
    run = Runs().get(operation.template, operation.run_id) if operation.run_id else None
    if operation.version is not None and template is not None:
        run = shown_run(template)
    version = Versions().get(template, operation.version) if template and operation.version else None
    return Pointed(operation, template, run, version)
