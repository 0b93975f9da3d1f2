from __future__ import annotations

import pytest

from activities.adapter import answer
from kiln.contracts.base import Operation
from kiln.contracts.clean_up import START_DELETE, DeleteRequest
from kiln.errors import BuildError, ErrorDetail, Superseded, TemplateRefused
from kiln.runs.ledger import LedgerEntry

REQUEST = DeleteRequest(entry=LedgerEntry(kind="vm", id="/vm", tier=1)).model_dump(mode="json")


def test_a_result_comes_as_plain_data() -> None:
    def start(request: DeleteRequest) -> Operation:
        return Operation(doing=f"delete {request.entry.id}")

    assert answer(START_DELETE, start, REQUEST)["result"]["doing"] == "delete /vm"


def test_a_designed_failure_comes_as_a_value_that_is_the_same_error_again() -> None:
    problems = (ErrorDetail(code="BadPIRSource", message="no image"), ErrorDetail(code="Other", message="no subnet"))

    def check(_: DeleteRequest) -> Operation:
        raise TemplateRefused(problems)

    envelope = answer(START_DELETE, check, REQUEST)
    error = BuildError.from_detail(ErrorDetail.model_validate(envelope["error"]))

    assert isinstance(error, TemplateRefused)
    assert error.detail.details == problems


def test_any_other_failure_escapes_to_be_tried_again() -> None:
    def fail(_: DeleteRequest) -> Operation:
        raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        answer(START_DELETE, fail, REQUEST)


def test_what_is_superseded_says_so() -> None:
    assert Superseded("/template", 2).detail.message == "Version 2 of the image template /template was superseded."
