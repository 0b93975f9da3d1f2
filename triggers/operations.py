"""Long-running operations: begun here with the headers by which clients follow them, and asked for here."""

from __future__ import annotations

import asyncio
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

import azure.durable_functions as df

from kiln.errors import ResourceNotFound
from kiln.ids import region_name
from kiln.runs.naming import delete_instance
from kiln.runs.record import OperationKind, OperationRecord, ProvisioningState, RunRecord, TemplateRecord
from kiln.runs.status import error_body
from kiln.runs.store import Operations, Runs, Templates
from triggers.endpoint import PROVIDER_ROUTE, endpoint
from triggers.orchestrations import Life
from triggers.outcome import OperationState, Outcome, operation_path, operation_resource, outcome
from triggers.reply import RETRY_AFTER, Reply

if TYPE_CHECKING:
    from triggers.call import Call

bp = df.Blueprint()


async def begin(call: Call, kind: OperationKind, record: TemplateRecord, run_id: str | None = None) -> OperationRecord:
    """Store and return a new operation on a template."""
    operation = OperationRecord(
        id=str(uuid.uuid4()),
        kind=kind,
        template=record.id,
        location=region_name(record.body["location"]),
        run_id=run_id,
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


@endpoint(bp, "GET", PROVIDER_ROUTE + "/locations/{location}/operations/{operation}")
async def get_operation(call: Call) -> Reply:
    """Answer how an operation is: what `Azure-AsyncOperation` points to."""
    operation, result = await _look_up(call)
    headers = {"Retry-After": str(RETRY_AFTER)} if result.state is OperationState.IN_PROGRESS else {}
    return Reply(HTTPStatus.OK, operation_resource(operation, result), headers)


@endpoint(bp, "GET", PROVIDER_ROUTE + "/locations/{location}/operationResults/{operation}")
async def get_operation_result(call: Call) -> Reply:
    """Answer 202 until an operation is over, then 204 or its error: what `Location` points to."""
    operation, result = await _look_up(call)
    if result.state is OperationState.IN_PROGRESS:
        return Reply(HTTPStatus.ACCEPTED, headers=follow(call, operation, "Location"))
    if result.error is not None:
        return Reply(HTTPStatus.CONFLICT, {"error": error_body(result.error)})
    return Reply(HTTPStatus.NO_CONTENT)


async def _look_up(call: Call) -> tuple[OperationRecord, Outcome]:
    operation, template, run = await asyncio.to_thread(_read, call.operation_id)
    same_place = (operation.template.subscription.lower(), operation.location) == (
        call.subscription.lower(),
        region_name(call.route["location"]),
    )
    if not same_place:
        raise ResourceNotFound(f"There is no operation {operation.id} here.", target=operation.id)
    broke = False
    if operation.kind is OperationKind.DELETE and template is not None:
        being_deleted = template.provisioning_state is ProvisioningState.DELETING
        broke = being_deleted and await call.orchestrations.life(delete_instance(template)) is Life.BROKEN
    return operation, outcome(operation, template, run, deletion_broke=broke)


def _read(operation_id: str) -> tuple[OperationRecord, TemplateRecord | None, RunRecord | None]:
    operation = Operations().require(operation_id)
    stored = Templates().get(operation.template)
    run = Runs().get(operation.template, operation.run_id) if operation.run_id else None
    return operation, stored.content if stored else None, run
