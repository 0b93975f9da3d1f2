"""The doctor's findings as the REST API shows them: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.doctor.findings import Area, Finding, Severity
from kiln.runs.status import time_text

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.doctor.findings import Fact, Health
    from kiln.sweep.found import SweepReport


def shown(health: Health, latest: SweepReport | None, subscription: str) -> dict[str, Any]:
    """Return what is found in a subscription, and of Kiln as a whole; what is in others is left out."""
    findings = [_finding(each) for each in health.findings if _is_in(each.target, subscription)]
    facts = [_fact(each) for each in health.facts if _is_in(each.target, subscription)]
    body: dict[str, Any] = {
        "time": time_text(health.at),
        "healthy": not findings,
        "findings": findings,
        "facts": facts,
    }
    if latest is not None:
        body["latestSweep"] = _sweep(latest, subscription)
    return body


def without_state(now: datetime, reason: str) -> dict[str, Any]:
    """Return what can be said when the store that holds everything does not answer."""
    finding = Finding(
        area=Area.SETTINGS,
        severity=Severity.ERROR,
        target="KILN_STATE_ENDPOINT",
        message=f"The storage account with Kiln's state does not answer: {reason}",
        mend="See that the account is there, that its firewall lets the app in, and that Kiln's identity is Storage "
        "Blob Data Owner there.",
    )
    return {"time": time_text(now), "healthy": False, "findings": [_finding(finding)], "facts": []}


def _is_in(target: str, subscription: str) -> bool:
    """Whether it is about this subscription, or about no other."""
    start = f"/subscriptions/{subscription}".lower()
    text = target.lower()
    return not text.startswith("/subscriptions/") or text == start or text.startswith(f"{start}/")


def _finding(each: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "area": each.area.value,
        "severity": each.severity.value,
        "target": each.target,
        "message": each.message,
        "mend": each.mend,
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


def _sweep(report: SweepReport, subscription: str) -> dict[str, Any]:
    return {
        "began": time_text(report.began),
        "ended": time_text(report.ended),
        "runs": [
            {"id": f"{each.run.template.arm}/runs/{each.run.run_id}", "state": each.state, "message": each.message}
            for each in report.runs
            if _is_in(each.run.template.arm, subscription)
        ],
        "deleted": [
            {"id": each.entry.id, "why": each.why, "since": time_text(each.since)}
            for each in report.deleted
            if _is_in(each.entry.id, subscription)
        ],
        "left": [
            {
                "id": each.garbage.entry.id,
                "why": each.garbage.why,
                "since": time_text(each.garbage.since),
                "reason": each.reason,
            }
            for each in report.left
            if _is_in(each.garbage.entry.id, subscription)
        ],
    }
