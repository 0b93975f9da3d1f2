"""Kiln's health as the API tells it: views, and how to wait for an examination."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from kiln.cli.faults import Failure
from kiln.cli.views import View

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 180.0
"""For one examination; it takes seconds, a minute with a thousand templates."""
PAUSE_SECONDS = 1.0
SWEEP_TIMES = 10
"""How much longer a sweep may take: it waits for Azure to delete."""


class FindingView(View):
    """Something that is wrong, and its fix."""

    area: str
    severity: str
    target: str
    message: str
    fix: str
    since: datetime | None = None
    cost: str | None = None
    details: tuple[str, ...] = ()


class FactView(View):
    """Something that is as it should be."""

    area: str
    target: str
    text: str


class HealthView(View):
    """What an examination found."""

    time: datetime
    healthy: bool
    findings: tuple[FindingView, ...] = ()
    facts: tuple[FactView, ...] = Field(default=())


def wait_for_health(
    look: Callable[[dict[str, str]], dict[str, Any]], sleep: Callable[[float], None], *, after_sweep: bool
) -> dict[str, Any]:
    """Return what the API tells of an examination that began after this call, or after the sweep that is going.

    `look` asks with a query, and returns the answer, or the query with which to ask again. Raises `Failure`.
    """
    waited, query = 0.0, {"sweep": "wait"} if after_sweep else {}
    while waited < PATIENCE_SECONDS * (SWEEP_TIMES if after_sweep else 1):
        found = look(query)
        if "healthy" in found:
            return found
        query = found
        sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS
    raise Failure(f"The examination did not end within {waited:.0f} seconds; the log of Kiln's host may tell why.")
