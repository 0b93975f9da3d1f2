"""Examinations of Kiln's own health, one area each, and the report of all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.contracts.base import Nothing
from kiln.doctor import examine
from kiln.doctor.contracts import EXAMINE_AREA, KEEP_HEALTH
from kiln.doctor.findings import Health
from kiln.doctor.latest_health import LatestHealth

if TYPE_CHECKING:
    from kiln.doctor.contracts import AreaRequest, Examined, Found


@implements(EXAMINE_AREA)
def examine_area(request: AreaRequest) -> Found:
    """Return the findings of one area."""
    return examine.examine_area(request)


@implements(KEEP_HEALTH)
def keep_health(examined: Examined) -> Nothing:
    """Store the findings of all areas as the latest report."""
    health = Health(
        at=datetime.fromisoformat(examined.at),
        findings=tuple(finding for found in examined.found for finding in found.findings),
        facts=tuple(fact for found in examined.found for fact in found.facts),
    )
    LatestHealth().keep(health)
    return Nothing()
