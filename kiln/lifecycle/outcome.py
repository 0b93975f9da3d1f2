"""The status of a long-running operation of Kiln's API: a pure function of its template or run, so they always agree.

It knows records; it knows neither the store nor HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_never

from kiln.errors import ErrorDetail
from kiln.ids import PROVIDER
from kiln.runs.operations import OperationKind, OperationRecord
from kiln.runs.record import ProvisioningState, RunRecord, RunState, TemplateRecord, TemplateVersion
from kiln.runs.resources import error_body, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class OperationState(StrEnum):
    """The states of a long-running operation, as Azure Resource Manager has them."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True)
class Outcome:
    """The state of an operation, when it ended if that is known, and why it failed."""

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


@dataclass(frozen=True)
class Pointed:
    """An operation, with the template, run or version that it is about, as they are now (None: gone, or not named)."""

    operation: OperationRecord
    template: TemplateRecord | None = None
    run: RunRecord | None = None
    version: TemplateVersion | None = None


def outcome(found: Pointed) -> Outcome:
    """Return the operation's state."""
    operation, run = found.operation, found.run
    match operation.kind:
        case OperationKind.PUT | OperationKind.PATCH:
            return submission_outcome(found)
        case OperationKind.RUN:
            return run_outcome(run)
        case OperationKind.CANCEL:
            over = run is None or run.state.is_final
            return Outcome(OperationState.SUCCEEDED, run.ended if run else None) if over else IN_PROGRESS
        case OperationKind.DELETE:
            return deletion_outcome(found.template)
        case OperationKind.PUT_TRIGGER | OperationKind.DELETE_TRIGGER:
            return Outcome(OperationState.SUCCEEDED, operation.started)
        case _ as unknown:
            assert_never(unknown)


def submission_outcome(found: Pointed) -> Outcome:
    """Return the state of a submission's operation. A version that was replaced meanwhile is Canceled."""
    template, version = found.template, found.version
    if template is None or version is None:
        return _canceled("ResourceNotFound", "The image template was deleted.")
    if version.settled_at is not None:
        ended = max(version.settled_at, found.operation.started)
        if version.error is None:
            return Outcome(OperationState.SUCCEEDED, ended)
        return Outcome(
            OperationState.FAILED, ended, ErrorDetail(code=version.error.code, message=version.error.message)
        )
    if template.provisioning_state is ProvisioningState.DELETING:
        return _canceled("Conflict", f"The image template {template.id.arm} is being deleted.")
    if template.version > version.version:
        return _canceled(
            "Superseded", f"Version {template.version} of the image template replaced this one before it was ready."
        )
    return IN_PROGRESS


def _canceled(code: str, message: str) -> Outcome:
    return Outcome(OperationState.CANCELED, error=ErrorDetail(code=code, message=message))


def run_outcome(run: RunRecord | None) -> Outcome:
    """Return the state of a run's operation; without a record, the run was deleted with its template meanwhile."""
    if run is None:
        return _canceled("ResourceNotFound", "The image template was deleted, and its runs with it.")
    state = _RUN_STATES[run.state]
    if state in {OperationState.IN_PROGRESS, OperationState.SUCCEEDED}:
        return Outcome(state, run.ended)
    message = run.message or f"Run {run.run_id} is {run.state.value}."
    why = run.error or ErrorDetail(code=f"Run{run.state.value}", message=message, target=run.run_id)
    return Outcome(state, run.ended, why)


def deletion_outcome(template: TemplateRecord | None) -> Outcome:
    """Return the state of a deletion. A template that exists and is not being deleted could not be deleted."""
    if template is None:
        return SUCCEEDED
    if template.provisioning_state is ProvisioningState.DELETING:
        return IN_PROGRESS
    why = template.deletion_error
    error = ErrorDetail(
        code="DeletionFailed",
        message=why.message if why else f"The image template {template.id.arm} could not be deleted.",
        target=template.id.arm,
        details=why.details if why else (),
        hint=why.hint if why else "Delete the image template again.",
    )
    return Outcome(OperationState.FAILED, error=error)


def operation_path(operation: OperationRecord, kind: str) -> str:
    """Return the path of the operation's status (`kind` is `operations`) or of its result (`operationResults`)."""
    subscription = operation.template.subscription
    return f"/subscriptions/{subscription}/providers/{PROVIDER}/locations/{operation.location}/{kind}/{operation.id}"


def operation_resource(operation: OperationRecord, result: Outcome) -> dict[str, Any]:
    """Return the operation as Azure Resource Manager shows it."""
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
