"""The health report of the REST API, made from the doctor's findings: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.doctor.findings import Area, Finding, Severity
from kiln.runs.resources import time_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiln.doctor.findings import Fact, Health
    from kiln.sweep.models import SweepReport


def shown(health: Health, latest: SweepReport | None, subscription: str, *, whole: bool) -> dict[str, Any]:
    """Return the health report for a subscription, without the findings in other subscriptions.

    Findings about Kiln as a whole are about settings, or may be about any subscription, such as those of blobs. They
    are shown with `whole`; without it the report only says that there are some.
    """

    def is_shown(target: str) -> bool:
        return _is_in(target, subscription) or (whole and not target.lower().startswith("/subscriptions/"))

    findings = [each for each in health.findings if is_shown(each.target)]
    findings += [] if whole else _of_the_whole(health)
    facts = [_fact(each) for each in health.facts if is_shown(each.target)]
    body: dict[str, Any] = {
        "time": time_text(health.at),
        "healthy": not findings,
        "findings": [_finding(each) for each in findings],
        "facts": facts,
    }
    if latest is not None:
        body["latestSweep"] = _sweep(latest, is_shown)
    return body


def without_state(now: datetime, message: str) -> dict[str, Any]:
    """Return the health report when the store, which holds everything else, does not answer."""
    finding = Finding(
        area=Area.SETTINGS,
        severity=Severity.ERROR,
        target="KILN_STATE_ENDPOINT",
        message=message,
        fix="Check that the storage account exists, that its firewall lets the app in, and that Kiln's identity has "
        "the role Storage Blob Data Owner there.",
    )
    return {"time": time_text(now), "healthy": False, "findings": [_finding(finding)], "facts": []}


def _of_the_whole(health: Health) -> list[Finding]:
    """Return one finding for each area that has findings about Kiln as a whole, without their contents."""
    areas = dict.fromkeys(
        each.area for each in health.findings if not each.target.lower().startswith("/subscriptions/")
    )
    return [
        Finding(
            area=area,
            severity=Severity.WARNING,
            target=area.value,
            message="There are findings about Kiln as a whole, which you may not see.",
            fix="Ask an Admin of all of Kiln.",
        )
        for area in areas
    ]


def _is_in(target: str, subscription: str) -> bool:
    start = f"/subscriptions/{subscription}".lower()
    text = target.lower()
    return text == start or text.startswith(f"{start}/")


def _finding(each: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "area": each.area.value,
        "severity": each.severity.value,
        "target": each.target,
        "message": each.message,
        "fix": each.fix,
    }
    if each.since is not None:
        shown["since"] = time_text(each.since)
    if each.cost is not None:
        shown["cost"] = each.cost
    if each.details:
        shown["details"] = list(each.details)
    return shown


def _fact(each: Fact) -> dict[str, Any]:
    return {"area": each.area.value, "target": each.target, "text": each.text}


def _sweep(report: SweepReport, is_shown: Callable[[str], bool]) -> dict[str, Any]:
    return {
        "began": time_text(report.began),
        "ended": time_text(report.ended),
        "runs": [
            {"id": f"{each.run.template.arm}/runs/{each.run.run_id}", "state": each.state, "message": each.message}
            for each in report.runs
            if is_shown(each.run.template.arm)
        ],
        "deleted": [
            {"id": each.entry.id, "why": each.why, "since": time_text(each.since)}
            for each in report.deleted
            if is_shown(each.entry.id)
        ],
        "left": [
            {
                "id": each.leftover.entry.id,
                "why": each.leftover.why,
                "since": time_text(each.leftover.since),
                "reason": each.reason,
            }
            for each in report.left
            if is_shown(each.leftover.entry.id)
        ],
    }
