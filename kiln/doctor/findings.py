"""Findings and facts of an examination, as data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kiln.runs.record import Document


class Area(StrEnum):
    """The areas that the doctor examines, in the order in which they are shown."""

    RUNS = "runs"
    LEFTOVERS = "leftovers"
    TRIGGERS = "triggers"
    QUOTA = "quota"
    PERMISSIONS = "permissions"
    SETTINGS = "settings"
    DOCUMENTS = "documents"


class Severity(StrEnum):
    """The severity of a finding: an error keeps something from working; a warning costs something, or will."""

    ERROR = "Error"
    WARNING = "Warning"


class Finding(Document):
    """A problem of `target` (an ARM id, or a setting's name), since when there is one, and how to fix it.

    `cost` says what it costs; `details` lists one by one what the message sums up.
    """

    area: Area
    severity: Severity
    target: str
    message: str
    fix: str
    since: datetime | None = None
    cost: str | None = None
    details: tuple[str, ...] = ()


class Fact(Document):
    """One line about something that is as it should be; `target` as in a finding."""

    area: Area
    target: str
    text: str


class Health(Document):
    """The findings and facts of an examination that began at `at`."""

    at: datetime
    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
