from __future__ import annotations

import asyncio
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from kiln.errors import (
    Conflict,
    KilnError,
    PreconditionFailed,
    Problem,
    RequestInvalid,
    RequestTooLarge,
    ResourceNotFound,
    RunCanceled,
    TemplateInvalid,
)
from tests.authority import Authority
from tests.unit.triggers.requests import request
from triggers.endpoint import answer, trace_ids
from triggers.handler import Endpoint
from triggers.reply import Reply

if TYPE_CHECKING:
    from triggers.call import Call


AUTHORITY = Authority()
SIGNED_IN = {"Authorization": f"Bearer {AUTHORITY.token('Kiln.Reader')}"}


def answered(outcome: Reply | Exception, **headers: str) -> Any:
    async def handler(_: Call) -> Reply:
        await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    asked = request(headers={**SIGNED_IN, **headers})
    return asyncio.run(answer(Endpoint(handler, "imageTemplates/read"), asked, None, AUTHORITY.gate()))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestInvalid("no"), 400),
        (TemplateInvalid((Problem(path="location", message="is required"),)), 400),
        (ResourceNotFound("no"), 404),
        (Conflict("no"), 409),
        (PreconditionFailed("no"), 412),
        (RequestTooLarge("no"), 413),
    ],
)
def test_designed_errors_are_answers(error: KilnError, status: int) -> None:
    response = answered(error)
    assert response.status_code == status
    assert json.loads(response.get_body())["error"]["code"] == error.detail.code
    assert response.mimetype == "application/json"


def test_problems_are_details_with_their_paths() -> None:
    problems = (Problem(path="location", message="is required"), Problem(path="identity", message="is required"))
    error = json.loads(answered(TemplateInvalid(problems)).get_body())["error"]
    assert error["code"] == "ValidationFailed"
    assert [detail["target"] for detail in error["details"]] == ["location", "identity"]


@pytest.mark.parametrize("error", [ZeroDivisionError("the secret inside"), RunCanceled("the secret inside")])
def test_anything_else_is_logged_and_answered_with_its_id_alone(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "kiln.api"):
        response = answered(error, **{"x-ms-correlation-request-id": "find-me"})
    assert response.status_code == 500
    assert b"find-me" in response.get_body()
    assert b"secret" not in response.get_body()
    assert "find-me" in caplog.text
    assert "the secret inside" in caplog.text


def test_every_answer_has_an_id_of_its_own_and_echoes_the_clients() -> None:
    first = answered(Reply(HTTPStatus.NO_CONTENT), **{"x-ms-client-request-id": "mine"})
    second = answered(Reply(HTTPStatus.NO_CONTENT))
    assert first.headers["x-ms-client-request-id"] == "mine"
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]
    assert first.headers["x-ms-correlation-request-id"] == first.headers["x-ms-request-id"]
    assert "x-ms-client-request-id" not in second.headers
    assert first.get_body() == b""


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x=1", "\x1b[31m", "é", "x" * 129, "a b", "<script>", ""])
def test_a_clients_id_that_is_no_id_comes_back_in_no_header_and_no_log(text: str) -> None:
    sent = {"x-ms-client-request-id": text, "x-ms-correlation-request-id": text}

    ids = trace_ids(sent, "own")

    assert ids == {"x-ms-request-id": "own", "x-ms-correlation-request-id": "own"}
