"""What is wrong with the app's settings, and whether what they name answers."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

from kiln.access.reach_setting import configured_reach
from kiln.access.settings import Settings
from kiln.config import config
from kiln.doctor import topic
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.doctor.messages import Found
from kiln.ncrontab import parse_schedule, parse_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEDULES = ("KILN_OUTBOX_SCHEDULE", "KILN_SWEEP_SCHEDULE", "KILN_WATCH_SCHEDULE")
DEPLOY = "See the table of parameters in docs/deploy.md; azd provision sets it."
WITH_SECONDS = 6
"""Fields of an NCRONTAB expression that begins with its seconds; a timer's may be more than one number."""
CLOSE, CLOSER = 0.8, 0.9
"""How alike two names are that one of them is a slip (difflib's ratio): closer where the other one is set, too.

The template sets each of Kiln's settings. What only has a name like one may be the command line's, such as
`KILN_ENDPOINT`.
"""


def examine() -> Found:
    """Return what is wrong with this process's settings."""
    findings = (*_of_access(), *_of_schedules(os.environ), *_slips(os.environ), *topic.examine())
    text = f"State is in {config().state_endpoint}."
    return Found(findings=findings, facts=(Fact(area=Area.SETTINGS, target="KILN_STATE_ENDPOINT", text=text),))


def _of_access() -> Iterator[Finding]:
    for problem in Settings.read().problems:
        yield _finding(problem.split(" ")[0], f"{problem}.", DEPLOY)
    reach = configured_reach()
    if reach.closed:
        message = " ".join(
            filter(None, (reach.closed, reach.flaw, "Templates may name nothing but marketplace images."))
        )
        yield _finding("KILN_REACH", message, f"Say which resources templates may use. {DEPLOY}", Severity.WARNING)


def _of_schedules(environment: Mapping[str, str]) -> Iterator[Finding]:
    for name in SCHEDULES:
        text = environment.get(name)
        try:
            if text:
                _read(text)
        except ValueError as error:
            yield _finding(name, f"{name} is {text!r}, which is no schedule: {error}.", DEPLOY)


def _read(text: str) -> None:
    """Raise `ValueError` for what is no timer's schedule."""
    fields = text.split()
    if len(fields) == WITH_SECONDS:
        seconds, minutes, *others = fields
        parse_schedule(" ".join((minutes, *others)), parse_zone("UTC"))
        parse_schedule(" ".join((seconds, *others)), parse_zone("UTC"))  # they are written as minutes are
    else:
        parse_schedule(text, parse_zone("UTC"))


def _slips(environment: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(environment):
        if not name.upper().startswith("KILN_") or name in KNOWN:
            continue
        meant = difflib.get_close_matches(name.upper(), KNOWN, n=1, cutoff=CLOSE)
        if meant and (meant[0] not in environment or difflib.get_close_matches(name.upper(), meant, cutoff=CLOSER)):
            yield _finding(name, f"{name} is no setting of Kiln's.", f"{meant[0]} may be meant.", Severity.WARNING)


def _finding(target: str, message: str, mend: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(area=Area.SETTINGS, severity=severity, target=target, message=message, mend=mend)


KNOWN = (
    "KILN_ARM_ENDPOINT",
    "KILN_ARM_SCOPE",
    "KILN_ARTIFACT_LIMIT_MB",
    "KILN_AUTH_AUDIENCES",
    "KILN_AUTH_AUTHORITY",
    "KILN_AUTH_PRINCIPAL_HEADER",
    "KILN_BLOB_SUFFIXES",
    "KILN_GRANTS",
    "KILN_HISTORY_DAYS",
    "KILN_OUTBOX_SCHEDULE",
    "KILN_PRIVATE_ARTIFACTS",
    "KILN_PUBLIC_HOST",
    "KILN_RATE_LIMIT",
    "KILN_REACH",
    "KILN_REBUILD_CONCURRENCY",
    "KILN_RETENTION_DAYS",
    "KILN_STATE_ENDPOINT",
    "KILN_SWEEP_SCHEDULE",
    "KILN_TOPIC_ENDPOINT",
    "KILN_WATCH_SCHEDULE",
)
"""Every setting of Kiln's that a deployment has."""
