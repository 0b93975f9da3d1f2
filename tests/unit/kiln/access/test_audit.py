from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from kiln.access import audit
from kiln.access.audit import LONGEST, AuditEntry

HOSTILE = 'web"}\r\n\x7f{"outcome": "allowed"}\u2028\u2029\x85\x00\x1b[2K\u202egood'


PLAIN = AuditEntry(action="imageTemplates/run/action", method="POST", path="/x", status=202, correlation="1")


def entry(**facts: Any) -> AuditEntry:
    return replace(PLAIN, **facts)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "allowed"), (204, "allowed"), (401, "refused"), (403, "refused"), (404, "failed"), (429, "failed")],
)
def test_a_deed_was_allowed_refused_or_failed(status: int, outcome: str) -> None:
    assert json.loads(audit.line(entry(status=status)))["outcome"] == outcome


@pytest.mark.parametrize("field", ["action", "method", "path", "correlation", "who", "app", "name", "code"])
def test_no_value_ends_the_line_or_makes_up_another(field: str) -> None:
    line = audit.line(entry(**{field: HOSTILE}))
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["outcome"] == "allowed"
    assert json.loads(line)[field] == HOSTILE


def test_no_value_is_longer_than_it_may_be() -> None:
    assert len(json.loads(audit.line(entry(name="x" * 10_000)))["name"]) == LONGEST


def test_it_is_logged_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kiln.audit"):
        audit.write(entry(name="100%s"))
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("kiln.audit", audit.line(entry(name="100%s")))
