"""What the doctor finds, as data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kiln.runs.record import Document


class Area(StrEnum):
    """Where the doctor looks, in the order in which it tells."""

    RUNS = "runs"
    LEFTOVERS = "leftovers"
    TRIGGERS = "triggers"
    QUOTA = "quota"
    PERMISSIONS = "permissions"
    SETTINGS = "settings"
    DOCUMENTS = "documents"


class Severity(StrEnum):
    """An error keeps something from working; a warning costs, or will."""

    ERROR = "Error"
    WARNING = "Warning"


class Finding(Document):
    """Something that is wrong with `target` (an ARM id, or a setting's name), since when, and how to fix it.

    `cost` says what it costs, `details` are the single things that the message sums up.
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
    """Something that is as it should be, in one line; `target` as a finding's."""

    area: Area
    target: str
    text: str


class Health(Document):
    """What an examination that began at `at` came to."""

    at: datetime
    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
