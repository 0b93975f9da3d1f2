"""What is said of an examination: what is lost, where to look, what was found."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.doctor.findings import Area, Fact, Finding
from kiln.sweep.contracts import LostRun, LostTemplate


class ExamineRequest(Message):
    """Examine everything; who asks knows what is lost, and which `problems` kept it from a look."""

    runs: tuple[LostRun, ...] = ()
    templates: tuple[LostTemplate, ...] = ()
    problems: tuple[str, ...] = ()


class AreaRequest(Message):
    """Look at one area, at `at` (ISO 8601)."""

    area: Area
    at: str
    lost: ExamineRequest


class Found(Message):
    """What was found in an area."""

    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()


class Examined(Message):
    """What was found in all of them, by an examination that began at `at` (ISO 8601)."""

    at: str
    found: tuple[Found, ...]


EXAMINE_AREA = Activity("examine_area", AreaRequest, Found)
KEEP_HEALTH = Activity("keep_health", Examined, Nothing)
EXAMINE = Orchestrator("examine", ExamineRequest, Nothing)
