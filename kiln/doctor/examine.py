"""Examine one area with its module. An examination that fails is itself a finding."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from kiln.doctor import documents, leftovers, permissions, quota, runs, settings, triggers
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Finding, Severity
from kiln.parallel import run_within
from kiln.redact import redact

if TYPE_CHECKING:
    from kiln.doctor.contracts import AreaRequest

SECONDS = 120.0
"""Time limit of one area, in seconds; a caller who asks for the health waits for all areas."""

log = logging.getLogger("kiln.doctor")


def examine_area(request: AreaRequest) -> Found:
    """Return the findings and facts of the request's area."""
    try:
        return run_within(SECONDS, lambda: _examine(request, datetime.fromisoformat(request.at)))
    except Exception as error:  # whatever is wrong with one area: report it, and examine the others
        log.exception("the doctor cannot examine %s", request.area.value)
        return Found(findings=(_blind(request.area, error),))


def _examine(request: AreaRequest, now: datetime) -> Found:
    match request.area:
        case Area.RUNS:
            found = runs.examine(request.lost)
        case Area.LEFTOVERS:
            found = leftovers.examine(now)
        case Area.TRIGGERS:
            found = triggers.examine(now)
        case Area.QUOTA:
            found = quota.examine()
        case Area.PERMISSIONS:
            found = permissions.examine()
        case Area.SETTINGS:
            found = settings.examine()
        case Area.DOCUMENTS:
            found = documents.examine()
        case _:
            assert_never(request.area)
    return found


def _blind(where: Area, error: Exception) -> Finding:
    return Finding(
        area=where,
        severity=Severity.ERROR,
        target=where.value,
        message=redact(f"This could not be examined: {type(error).__name__}: {error}"),
        fix="If the message is about authorization, see the findings under permissions; otherwise try again later.",
    )
