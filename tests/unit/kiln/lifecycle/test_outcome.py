from __future__ import annotations

from datetime import timedelta

import pytest

from kiln.errors import ErrorDetail
from kiln.lifecycle.outcome import OperationState, Outcome, Pointed, operation_resource, outcome
from kiln.runs.operations import OperationKind, OperationRecord
from kiln.runs.record import ProvisioningError, ProvisioningState, RunState, TemplateRecord
from kiln.runs.transitions import abandon_deletion, settle
from kiln.runs.versions import present
from tests.unit.kiln.runs.records import BODY, NOW, WEB, run_record, template_record

ID = "5d1f3b1e-3c5e-4e0c-9a59-3a6f1d0c8b7a"
LATER = NOW + timedelta(minutes=2)
WRONG = ProvisioningError(code="BadPIRSource", message="There is no such image.")


def operation(kind: OperationKind, run_id: str | None = None) -> OperationRecord:
    return OperationRecord(
        id=ID, kind=kind, template=WEB, location="westeurope", made=NOW, run_id=run_id, version=1, started=NOW
    )


def submitted(template: TemplateRecord | None, seen: TemplateRecord | None = None) -> Outcome:
    """Return the status of version 1's operation, for the template as it is and version 1 as it was last `seen`."""
    version = present(seen or template) if seen or template else None  # type: ignore[arg-type]  # one of them is there
    return outcome(Pointed(operation(OperationKind.PUT), template, version=version))


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
    found = outcome(Pointed(operation(OperationKind.RUN), template_record(), run_record(state=run)))
    assert found.state is expected
    assert (found.error is not None) == (expected in {OperationState.FAILED, OperationState.CANCELED})


def test_a_failed_runs_error_is_the_operations() -> None:
    boom = ErrorDetail(code="CustomizerFailed", message="It ended with exit code 3.")
    run = run_record(state=RunState.FAILED, error=boom, ended=NOW)
    assert outcome(Pointed(operation(OperationKind.RUN), run=run)) == Outcome(OperationState.FAILED, NOW, boom)


def test_a_run_that_was_deleted_is_over() -> None:
    assert outcome(Pointed(operation(OperationKind.RUN))).state is OperationState.CANCELED


@pytest.mark.parametrize("state", [RunState.CANCELED, RunState.SUCCEEDED, RunState.FAILED])
def test_a_cancel_is_over_when_its_run_is_however_it_ended(state: RunState) -> None:
    kind = operation(OperationKind.CANCEL)
    assert outcome(Pointed(kind, run=run_record(state=state))).state is OperationState.SUCCEEDED
    assert outcome(Pointed(kind, run=run_record(state=RunState.CANCELING))).state is OperationState.IN_PROGRESS


def test_a_deletion_is_over_when_the_template_is_gone_and_has_failed_when_it_stays() -> None:
    kind = operation(OperationKind.DELETE)
    deleting = template_record(provisioning_state=ProvisioningState.DELETING)
    assert outcome(Pointed(kind)).state is OperationState.SUCCEEDED
    assert outcome(Pointed(kind, deleting)).state is OperationState.IN_PROGRESS
    lock = ErrorDetail(code="AzureFailed", message="ScopeLocked: a lock", hint="Take the lock off.")
    stayed = outcome(Pointed(kind, abandon_deletion(deleting, lock)))
    assert stayed.state is OperationState.FAILED
    assert stayed.error is not None
    assert stayed.error.code == "DeletionFailed"
    assert stayed.error.sentence().endswith("ScopeLocked: a lock Take the lock off. Then delete the template again.")
    assert outcome(Pointed(kind, template_record())).state is OperationState.FAILED, "it was submitted again since"


@pytest.mark.parametrize("kind", [OperationKind.PUT_TRIGGER, OperationKind.DELETE_TRIGGER])
def test_a_trigger_is_there_or_gone_at_once(kind: OperationKind) -> None:
    assert outcome(Pointed(operation(kind), template_record())) == Outcome(OperationState.SUCCEEDED, NOW)


def test_a_submission_is_going_until_it_is_settled() -> None:
    assert submitted(template_record()).state is OperationState.IN_PROGRESS
    assert submitted(settle(template_record(), 1, LATER, None)) == Outcome(OperationState.SUCCEEDED, LATER)
    why = ErrorDetail(code="BadPIRSource", message="There is no such image.")
    assert submitted(settle(template_record(), 1, LATER, WRONG)) == Outcome(OperationState.FAILED, LATER, why)


def test_an_operation_never_ends_before_it_began() -> None:
    earlier = NOW - timedelta(days=1)
    assert submitted(settle(template_record(), 1, earlier, None)).ended == NOW


def test_a_submission_that_was_replaced_on_its_way_is_canceled_and_says_by_what() -> None:
    newer = template_record(version=2, body={**BODY, "tags": {}})
    found = submitted(newer, seen=template_record())
    assert found.state is OperationState.CANCELED
    assert found.error is not None
    assert "Version 2" in found.error.message


@pytest.mark.parametrize(("error", "expected"), [(None, OperationState.SUCCEEDED), (WRONG, OperationState.FAILED)])
def test_a_submission_that_ended_before_it_was_replaced_stays_as_it_ended(
    error: ProvisioningError | None, expected: OperationState
) -> None:
    newer = template_record(version=2, body={**BODY, "tags": {}})
    assert submitted(newer, seen=settle(template_record(), 1, LATER, error)).state is expected


def test_a_submission_of_a_template_that_goes_is_canceled_unless_it_was_through() -> None:
    going = template_record(provisioning_state=ProvisioningState.DELETING)
    assert submitted(going).state is OperationState.CANCELED
    assert submitted(settle(going, 1, LATER, None)).state is OperationState.CANCELED
    through = settle(template_record(), 1, LATER, None).model_copy(
        update={"provisioning_state": ProvisioningState.DELETING}
    )
    assert submitted(through).state is OperationState.SUCCEEDED
    assert submitted(None).state is OperationState.CANCELED


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
