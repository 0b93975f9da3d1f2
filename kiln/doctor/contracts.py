"""Contracts of an examination: its activities and its orchestrator, with their messages."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.doctor.findings import Area, Fact, Finding
from kiln.sweep.contracts import LostRun, LostTemplate


class ExamineRequest(Message):
    """Examine everything. The caller has found the lost runs and templates, and the `problems` that hid others."""

    runs: tuple[LostRun, ...] = ()
    templates: tuple[LostTemplate, ...] = ()
    problems: tuple[str, ...] = ()


class AreaRequest(Message):
    """Examine one area; `at` is the time of the examination (ISO 8601)."""

    area: Area
    at: str
    lost: ExamineRequest


class Found(Message):
    """The findings and facts of one area."""

    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()


class Examined(Message):
    """The findings and facts of all areas, by an examination that began at `at` (ISO 8601)."""

    at: str
    found: tuple[Found, ...]


EXAMINE_AREA = Activity("examine_area", AreaRequest, Found)
KEEP_HEALTH = Activity("keep_health", Examined, Nothing)
EXAMINE = Orchestrator("examine", ExamineRequest, Nothing)
