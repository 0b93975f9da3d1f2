from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest

from kiln.redact import redact_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = "x\n2026-11-22 00:00:00 INFO kiln.audit: everything is fine\r\x1b[2J\x9b\u2028y"


def _fail() -> None:
    raise RuntimeError(FORGED)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The app's log as a host writes it."""
    before = logging.getLogRecordFactory()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("kiln.attacks")
    logger.addHandler(handler)
    redact_logs()
    yield written
    logging.setLogRecordFactory(before)
    logger.removeHandler(handler)


@pytest.mark.parametrize("arguments", [(FORGED,), (Exception(FORGED),)], ids=["text", "error"])
def test_a_record_is_one_line_whatever_it_says(log: io.StringIO, arguments: tuple[object, ...]) -> None:
    logging.getLogger("kiln.attacks").warning("it said %s", *arguments)

    (line,) = log.getvalue().splitlines()
    assert line.startswith("WARNING kiln.attacks: it said x\\n2026")
    assert line.isprintable()


def test_no_line_of_a_trace_can_be_taken_for_a_record(log: io.StringIO) -> None:
    try:
        _fail()
    except RuntimeError:
        logging.getLogger("kiln.attacks").exception("failed")

    first, *trace = log.getvalue().split("\n")[:-1]
    assert first == "ERROR kiln.attacks: failed"
    assert all(line.startswith("| ") and line.isprintable() for line in trace)
    assert "kiln.audit" in log.getvalue()
