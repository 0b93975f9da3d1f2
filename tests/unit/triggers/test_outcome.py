from __future__ import annotations

import pytest

from kiln.errors import ErrorDetail
from kiln.runs.record import OperationKind, OperationRecord, ProvisioningState, RunState
from tests.unit.kiln.runs.records import NOW, WEB, run_record, template_record
from triggers.outcome import OperationState, Outcome, operation_resource, outcome

ID = "5d1f3b1e-3c5e-4e0c-9a59-3a6f1d0c8b7a"


def operation(kind: OperationKind, run_id: str | None = None) -> OperationRecord:
    return OperationRecord(id=ID, kind=kind, template=WEB, location="westeurope", run_id=run_id, started=NOW)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (RunState.RUNNING, OperationState.IN_PROGRESS),
        (RunState.CANCELING, OperationState.IN_PROGRESS),
        (RunState.SUCCEEDED, OperationState.SUCCEEDED),
        (RunState.PARTIALLY_SUCCEEDED, OperationState.SUCCEEDED),
        (RunState.FAILED, OperationState.FAILED),
        (RunState.CANCELED, OperationState.CANCELED),
    ],
)
def test_a_runs_operation_is_as_the_run_is(run: RunState, expected: OperationState) -> None:
    found = outcome(operation(OperationKind.RUN), template_record(), run_record(state=run), deletion_broke=False)
    assert found.state is expected
    assert (found.error is not None) == (expected in {OperationState.FAILED, OperationState.CANCELED})


def test_a_failed_runs_error_is_the_operations() -> None:
    boom = ErrorDetail(code="CustomizerFailed", message="It ended with exit code 3.")
    run = run_record(state=RunState.FAILED, error=boom, ended=NOW)
    assert outcome(operation(OperationKind.RUN), None, run, deletion_broke=False) == Outcome(
        OperationState.FAILED, NOW, boom
    )


def test_a_run_that_was_deleted_is_over() -> None:
    found = outcome(operation(OperationKind.RUN), None, None, deletion_broke=False)
    assert found.state is OperationState.CANCELED


@pytest.mark.parametrize("state", [RunState.CANCELED, RunState.SUCCEEDED, RunState.FAILED])
def test_a_cancel_is_over_when_its_run_is_however_it_ended(state: RunState) -> None:
    kind = operation(OperationKind.CANCEL)
    assert outcome(kind, None, run_record(state=state), deletion_broke=False).state is OperationState.SUCCEEDED
    going = run_record(state=RunState.CANCELING)
    assert outcome(kind, None, going, deletion_broke=False).state is OperationState.IN_PROGRESS


def test_a_deletion_is_over_when_the_template_is_gone_or_made_anew() -> None:
    kind = operation(OperationKind.DELETE)
    deleting = template_record(provisioning_state=ProvisioningState.DELETING)
    assert outcome(kind, None, None, deletion_broke=False).state is OperationState.SUCCEEDED
    assert outcome(kind, template_record(), None, deletion_broke=False).state is OperationState.SUCCEEDED
    assert outcome(kind, deleting, None, deletion_broke=False).state is OperationState.IN_PROGRESS
    assert outcome(kind, deleting, None, deletion_broke=True).state is OperationState.FAILED


def test_an_operation_is_shown_as_arm_shows_it() -> None:
    made = operation(OperationKind.RUN, "20261122-022112-3f9c8a1b")
    shown = operation_resource(made, Outcome(OperationState.FAILED, NOW, ErrorDetail(code="C", message="m")))
    place = f"/subscriptions/{WEB.subscription}/providers/Microsoft.VirtualMachineImages/locations/westeurope"
    assert shown == {
        "id": f"{place}/operations/{ID}",
        "name": ID,
        "status": "Failed",
        "startTime": "2026-11-22T02:21:12.345Z",
        "endTime": "2026-11-22T02:21:12.345Z",
        "error": {"code": "C", "message": "m"},
        "properties": {"runId": "20261122-022112-3f9c8a1b"},
    }
