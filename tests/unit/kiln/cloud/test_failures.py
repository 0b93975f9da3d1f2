from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import DecodeError, HttpResponseError, ServiceRequestError

from kiln.cloud.failures import azure, innermost
from kiln.errors import AzureFailed, AzureNotFound


def answer(status: int, body: Any) -> HttpResponseError:
    text = body if isinstance(body, str) else json.dumps(body)
    response = SimpleNamespace(status_code=status, reason="why", text=lambda: text, headers={})
    return HttpResponseError(message="it failed", response=response)


def arm(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_escapes_as_it_is(status: int) -> None:
    with pytest.raises(HttpResponseError), azure("do it"):
        raise answer(status, arm("X", "x"))


def test_a_lost_connection_escapes_as_it_is() -> None:
    with pytest.raises(ServiceRequestError), azure("do it"):
        raise ServiceRequestError("no route")


def test_a_conflict_with_an_operation_under_way_may_pass() -> None:
    with pytest.raises(HttpResponseError), azure("do it"):
        raise answer(409, arm("AnotherOperationInProgress", "wait"))


def test_a_refusal_becomes_azures_innermost_words_with_a_hint() -> None:
    body = arm("DeploymentFailed", "see details", details=[{"code": "QuotaExceeded", "message": "no cores left"}])

    with pytest.raises(AzureFailed) as caught, azure("create the build machine"):
        raise answer(409, body)

    assert "create the build machine: QuotaExceeded: no cores left" in caught.value.detail.message
    assert caught.value.detail.hint is not None
    assert "vmSize" in caught.value.detail.hint


def test_the_middle_of_a_very_long_message_is_left_out() -> None:
    sizes = ",".join(f"Standard_D{number}s_v5" for number in range(1000))
    message = f"The value x is not valid. The valid sizes are: {sizes}. Find out more at https://aka.ms/azure-regions."

    with pytest.raises(AzureFailed) as caught, azure("create the build machine"):
        raise answer(400, arm("InvalidParameter", message))

    said = caught.value.detail.message
    assert len(said) < 1000
    assert "The value x is not valid. The valid sizes are:" in said
    assert " ... " in said
    assert said.endswith("Find out more at https://aka.ms/azure-regions.")


@pytest.mark.parametrize(
    ("status", "code", "word"),
    [
        (403, "SomethingForbidden", "role"),
        (404, "ResourceNotFound", "name"),
        (409, "Conflict", "another operation"),
        (400, "InvalidParameter", "fix"),
        (409, "AllocationFailed", "vmSize"),
        (403, "RequestDisallowedByPolicy", "Policy"),
    ],
)
def test_every_refusal_has_a_hint_by_its_code_or_else_by_its_status(status: int, code: str, word: str) -> None:
    with pytest.raises(AzureFailed) as caught, azure("do it"):
        raise answer(status, arm(code, "no"))

    assert caught.value.detail.hint is not None
    assert word in caught.value.detail.hint


def test_a_success_that_nobody_can_read_may_pass() -> None:
    with pytest.raises(DecodeError), azure("do it"):
        raise DecodeError("it is HTML", response=answer(200, "<html>").response)
    with pytest.raises(HttpResponseError), azure("append a block"):
        raise answer(200, "<html>")


def test_the_failure_of_an_operation_which_its_poll_tells_with_a_200_is_final() -> None:
    with pytest.raises(AzureFailed, match="no room"), azure("do it"):
        raise answer(200, arm("AllocationFailed", "no room"))


def test_a_missing_resource_has_its_own_type() -> None:
    with pytest.raises(AzureNotFound), azure("delete it"):
        raise answer(404, arm("ResourceNotFound", "gone"))


def test_an_answer_that_is_not_json_still_says_its_status() -> None:
    with pytest.raises(AzureFailed) as caught, azure("do it"):
        raise answer(403, "<html>")

    assert "403" in caught.value.detail.message


def test_the_deepest_error_names_the_cause() -> None:
    body = arm("A", "a", details=[{"code": "B", "message": "b", "details": [{"code": "C", "message": "c"}]}])

    assert innermost(body) == ("C", "c")
    assert innermost("nothing") == (None, None)
