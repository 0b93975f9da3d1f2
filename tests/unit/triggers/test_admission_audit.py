"""The audit log's lines for requests."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

import pytest

from kiln.errors import Conflict
from tests.authority import CLIENT, ME
from tests.unit.triggers.door import AUTHORITY, ROUTES, TEMPLATE, TOKENS, WEB, code, door
from triggers.reply import Reply


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "kiln.audit"]


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_what_changes_something_leaves_one_line_and_nothing_else_does(
    method: str, route: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "kiln.audit"):
        door(method, route).ask(method, route, TOKENS["Kiln.Admin"])
        door(method, route).ask(method, route, None)
    assert len(lines(caplog)) == (0 if method == "GET" else 2)


@pytest.mark.parametrize(
    ("caller", "outcome", "status", "said"),
    [("Kiln.Admin", Reply(HTTPStatus.ACCEPTED), 202, "allowed"), ("Kiln.Reader", None, 403, "refused"),
     ("anonymous", None, 401, "refused"), ("Kiln.Admin", Conflict("no"), 409, "failed"),
     ("Kiln.Admin", ZeroDivisionError(), 500, "failed")],
)  # fmt: skip
def test_a_line_tells_who_did_what_where_and_what_came_of_it(
    caller: str, outcome: Any, status: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    there = door("DELETE")
    there.outcome = outcome or there.outcome
    with caplog.at_level(logging.INFO, "kiln.audit"):
        response = there.ask("DELETE", TEMPLATE, TOKENS[caller], **{"x-ms-correlation-request-id": "find-me"})
    (line,) = lines(caplog)
    known = caller != "anonymous"
    assert json.loads(line) == {
        "outcome": said,
        "action": "imageTemplates/delete",
        "method": "DELETE",
        "path": WEB,
        "status": status,
        "correlation": response.headers["x-ms-correlation-request-id"],
        "code": code(response) if status >= 400 else None,
        "who": ME if known else None,
        "app": CLIENT if known else None,
        "name": "me@example.com" if known else None,
    }


def test_no_name_and_no_header_breaks_the_line(caplog: pytest.LogCaptureFixture) -> None:
    hostile = 'me"}\r\n{"outcome": "allowed"}\u2028\x1b[2K'
    token = AUTHORITY.token("Kiln.Reader", unique_name=hostile)
    with caplog.at_level(logging.INFO, "kiln.audit"):
        door("PUT").ask("PUT", TEMPLATE, token, **{"x-ms-correlation-request-id": hostile})
    (line,) = lines(caplog)
    assert (len(line.splitlines()), line.isascii()) == (1, True)
    assert (json.loads(line)["outcome"], json.loads(line)["name"]) == ("refused", hostile)
