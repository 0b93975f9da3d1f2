"""Examine the leftovers in Azure: list them, say what they cost, and tell whether the sweeper does its work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.doctor.azure_cli import ManualRemoval, manual_removal
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.runs.templates import Templates
from kiln.sweep.report import LatestSweep
from kiln.sweep.search import find_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.sweep.contracts import FoundLeftovers
    from kiln.sweep.models import Leftover, SweepReport

STALE = timedelta(days=2)
"""How old the latest sweep may be. If it is older, whatever the schedule, something keeps the sweeper from running."""
COSTS = {
    "vm": "by the hour, while it is not deallocated",
    "disk": "by its size, every month",
    "snapshot": "by its size, every month",
    "image": "by its size, every month",
    "gallery-version": "by its size and replicas, every month",
    "vhd": "by its size, every month",
    "storage-account": "by what is in it, every month",
    "resource-group": "by what is in it",
}
"""The cost of a leftover by its kind ("Azure pricing"); other kinds cost nothing by themselves."""


def examine(now: datetime) -> Found:
    """Return a finding for each leftover that is due to be deleted, and for each place that could not be searched."""
    found, latest = find_leftovers(now), LatestSweep().latest()
    refused = {left.leftover.entry.id: left.reason for left in latest.left} if latest else {}
    findings = [_leftover(each, refused.get(each.entry.id)) for each in found.due if not each.is_gone]
    stale = _stale(latest, None if latest else _oldest(), now)
    return Found(findings=(*findings, *_problems(found), *stale), facts=tuple(_facts(latest, found)))


def _leftover(each: Leftover, refused: str | None) -> Finding:
    hand = manual_removal(each.entry)
    if refused is None:
        message, fix = (
            f"{hand.subject} is a leftover",
            "The next sweep removes it. To remove it now: kiln doctor --sweep.",
        )
    else:
        message = f"{hand.subject} is a leftover and cannot be {hand.becomes}: {refused.rstrip('.')}"
        fix = _fix(each, hand)
    return Finding(
        area=Area.LEFTOVERS,
        severity=Severity.WARNING if refused is None else Severity.ERROR,
        target=each.entry.id,
        message=f"{message} ({each.why}).",
        fix=fix,
        since=each.since,
        cost=COSTS.get(each.entry.kind),
    )


def _fix(each: Leftover, hand: ManualRemoval) -> str:
    if each.entry.stands_for is None:
        return f"Remove what blocks that, such as a lock, or {hand.doing} by hand: {hand.command}"
    return (
        "It may be the only copy of a good image: run the template again, if there is one, and a later sweep deletes "
        f"it once the image has its name. Only if nobody needs what is in it, {hand.doing} by hand: {hand.command}"
    )


def _problems(found: FoundLeftovers) -> Iterator[Finding]:
    for problem in found.problems:
        yield Finding(
            area=Area.LEFTOVERS,
            severity=Severity.ERROR,
            target=Area.LEFTOVERS.value,
            message=problem,
            fix="If the message is about authorization, see the findings under permissions.",
        )
    if found.more:
        yield Finding(
            area=Area.LEFTOVERS,
            severity=Severity.WARNING,
            target=Area.LEFTOVERS.value,
            message=f"There are {found.more} more leftovers than are listed here.",
            fix="Each sweep deletes the oldest ones.",
        )


def _stale(latest: SweepReport | None, oldest: datetime | None, now: datetime) -> Iterator[Finding]:
    """Yield a warning if no sweep has ended for `STALE`; before the first sweep, if a template is older than that.

    The app does not know its own age: it may have been deployed anew over a store with old templates.
    """
    since = latest.ended if latest is not None else oldest
    if since is not None and now - since > STALE:
        yield Finding(
            area=Area.LEFTOVERS,
            severity=Severity.WARNING,
            target="KILN_SWEEP_SCHEDULE",
            message="No sweep has ended lately."
            if latest
            else "No sweep has ever ended, though there are old templates.",
            fix="Check that the app's timer sweep_leftovers runs, and what the log says about it. To sweep now: kiln "
            "doctor --sweep.",
            since=since,
        )


def _oldest() -> datetime | None:
    """Return when the oldest template was created; None if there is none."""
    return min((record.created for record in Templates().read_each().contents), default=None)


def _facts(latest: SweepReport | None, found: FoundLeftovers) -> Iterator[Fact]:
    said = "No sweep has ended yet."
    if latest is not None:
        said = f"The latest sweep ended {latest.ended:%Y-%m-%d %H:%M} UTC and deleted {len(latest.deleted)}."
    yield Fact(area=Area.LEFTOVERS, target="sweep", text=said)
    if found.young:
        yield Fact(
            area=Area.LEFTOVERS, target="sweep", text=f"{len(found.young)} more may be leftovers, but are too young."
        )
