"""Views of Kiln's health as the API returns it, and how to wait for an examination."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from kiln.cli.faults import Failure
from kiln.cli.views import View

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 180.0
"""How long to wait for one examination; it takes seconds, or a minute with a thousand templates."""
PAUSE_SECONDS = 1.0
SWEEP_TIMES = 10
"""The factor by which a sweep may take longer: it waits until Azure has deleted resources."""


class FindingView(View):
    """A problem that an examination found, and its fix."""

    area: str
    severity: str
    target: str
    message: str
    fix: str
    since: datetime | None = None
    cost: str | None = None
    details: tuple[str, ...] = ()


class FactView(View):
    """One line about something that is as it should be."""

    area: str
    target: str
    text: str


class HealthView(View):
    """The findings and facts of an examination."""

    time: datetime
    healthy: bool
    findings: tuple[FindingView, ...] = ()
    facts: tuple[FactView, ...] = Field(default=())


def wait_for_health(
    look: Callable[[dict[str, str]], dict[str, Any]], sleep: Callable[[float], None], *, after_sweep: bool
) -> dict[str, Any]:
    """Return the health that an examination finds which begins after this call, or after the sweep under way.

    `look` sends a query and returns the health, or the query to send next. Raises `Failure`.
    """
    waited, query = 0.0, {"sweep": "wait"} if after_sweep else {}
    while waited < PATIENCE_SECONDS * (SWEEP_TIMES if after_sweep else 1):
        found = look(query)
        if "healthy" in found:
            return found
        query = found
        sleep(PAUSE_SECONDS)
        waited += PAUSE_SECONDS
    raise Failure(f"The examination did not end within {waited:.0f} seconds; the app's log may say why.")
