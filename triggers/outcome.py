"""How a long-running operation of the API is: a pure function of what it points at, so that it can never disagree.

It knows records; it knows neither the store nor HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_never

from kiln.errors import ErrorDetail
from kiln.ids import PROVIDER
from kiln.runs.record import OperationKind, OperationRecord, ProvisioningState, RunRecord, RunState, TemplateRecord
from kiln.runs.status import error_body, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class OperationState(StrEnum):
    """Resource Manager's states of a long-running operation."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True)
class Outcome:
    """How far an operation is, when it ended if that is known, and why it failed."""

    state: OperationState
    ended: datetime | None = None
    error: ErrorDetail | None = None


IN_PROGRESS = Outcome(OperationState.IN_PROGRESS)
SUCCEEDED = Outcome(OperationState.SUCCEEDED)

_RUN_STATES: Mapping[RunState, OperationState] = {
    RunState.RUNNING: OperationState.IN_PROGRESS,
    RunState.CANCELING: OperationState.IN_PROGRESS,
    RunState.SUCCEEDED: OperationState.SUCCEEDED,
    RunState.PARTIALLY_SUCCEEDED: OperationState.SUCCEEDED,
    RunState.FAILED: OperationState.FAILED,
    RunState.CANCELED: OperationState.CANCELED,
}


def outcome(
    operation: OperationRecord, template: TemplateRecord | None, run: RunRecord | None, *, deletion_broke: bool
) -> Outcome:
    """Return how the operation is, given what it points at as it is now (None: not there)."""
    match operation.kind:
        case OperationKind.PUT:
            return Outcome(OperationState.SUCCEEDED, operation.started)
        case OperationKind.RUN:
            return run_outcome(run)
        case OperationKind.CANCEL:
            over = run is None or run.state.is_final
            return Outcome(OperationState.SUCCEEDED, run.ended if run else None) if over else IN_PROGRESS
        case OperationKind.DELETE:
            return deletion_outcome(template, deletion_broke=deletion_broke)
        case _ as unknown:
            assert_never(unknown)


def run_outcome(run: RunRecord | None) -> Outcome:
    """Return how the operation is that a run is; without its record, its template was deleted meanwhile."""
    if run is None:
        gone = ErrorDetail(code="ResourceNotFound", message="The image template was deleted, and its runs with it.")
        return Outcome(OperationState.CANCELED, error=gone)
    state = _RUN_STATES[run.state]
    if state in {OperationState.IN_PROGRESS, OperationState.SUCCEEDED}:
        return Outcome(state, run.ended)
    why = run.error or ErrorDetail(code=f"Run{run.state.value}", message=run.message, target=run.run_id)
    return Outcome(state, run.ended, why)


def deletion_outcome(template: TemplateRecord | None, *, deletion_broke: bool) -> Outcome:
    """Return how a deletion is. A template that is there and stays was made anew under the name."""
    if template is None or template.provisioning_state is not ProvisioningState.DELETING:
        return SUCCEEDED
    if not deletion_broke:
        return IN_PROGRESS
    error = ErrorDetail(
        code="DeletionFailed",
        message=f"The image template {template.id.arm} could not be deleted.",
        target=template.id.arm,
        hint=f"See what is left in the resource group {template.staging_group}, and delete the template again.",
    )
    return Outcome(OperationState.FAILED, error=error)


def operation_path(operation: OperationRecord, kind: str) -> str:
    """Return the path of the operation's status (`kind` is `operations`) or of its result (`operationResults`)."""
    subscription = operation.template.subscription
    return f"/subscriptions/{subscription}/providers/{PROVIDER}/locations/{operation.location}/{kind}/{operation.id}"


def operation_resource(operation: OperationRecord, result: Outcome) -> dict[str, Any]:
    """Return the operation as Resource Manager shows it."""
    resource: dict[str, Any] = {
        "id": operation_path(operation, "operations"),
        "name": operation.id,
        "status": result.state.value,
        "startTime": time_text(operation.started),
    }
    if result.ended:
        resource["endTime"] = time_text(result.ended)
    if result.error:
        resource["error"] = error_body(result.error)
    if operation.run_id:
        resource["properties"] = {"runId": operation.run_id}
    return resource
