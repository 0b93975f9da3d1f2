"""What is nobody's, by a fresh look, with what it costs; and whether the sweeper does its work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.doctor.manual_removal import ManualRemoval, manual_removal
from kiln.runs.templates import Templates
from kiln.sweep.report import LatestSweep
from kiln.sweep.search import find_leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.sweep.contracts import FoundLeftovers
    from kiln.sweep.models import Leftover, SweepReport

STALE = timedelta(days=2)
"""Without a sweep for so long, whatever its schedule, something keeps it from running."""
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
"""What a kind of resource costs ("Azure pricing"); the others cost nothing by themselves."""


def examine(now: datetime) -> Found:
    """Return a finding for each thing that is due to be deleted, and for what could not be looked at."""
    found, latest = find_leftovers(now), LatestSweep().latest()
    refused = {left.leftover.entry.id: left.reason for left in latest.left} if latest else {}
    findings = [_leftover(each, refused.get(each.entry.id)) for each in found.due if not each.is_gone]
    stale = _stale(latest, None if latest else _oldest(), now)
    return Found(findings=(*findings, *_problems(found), *stale), facts=tuple(_facts(latest, found)))


def _leftover(each: Leftover, refused: str | None) -> Finding:
    hand = manual_removal(each.entry)
    if refused is None:
        message, fix = f"{hand.subject} is nobody's", "The next sweep sees to it; at once: kiln doctor --sweep."
    else:
        message = f"{hand.subject} is nobody's and cannot be {hand.becomes}: {refused.rstrip('.')}"
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
        return f"Remove what keeps it, such as a lock, or {hand.doing} by hand: {hand.command}"
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
            fix="If it speaks of authorization, see what is found under permissions.",
        )
    if found.more:
        yield Finding(
            area=Area.LEFTOVERS,
            severity=Severity.WARNING,
            target=Area.LEFTOVERS.value,
            message=f"{found.more} more are nobody's than are told here.",
            fix="Each sweep deletes the oldest.",
        )


def _stale(latest: SweepReport | None, oldest: datetime | None, now: datetime) -> Iterator[Finding]:
    """Tell that no sweep ended for long; before the first one the time is that since which there has been a template.

    The app does not know its own age: one that is younger than its templates was deployed anew over their store.
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
            fix="See whether the app's timer sweep_leftovers runs, and what the log says of it; at once: kiln doctor "
            "--sweep.",
            since=since,
        )


def _oldest() -> datetime | None:
    """Return since when there has been a template, of those that are there; None without any."""
    return min((record.created for record in Templates().read_each().contents), default=None)


def _facts(latest: SweepReport | None, found: FoundLeftovers) -> Iterator[Fact]:
    said = "No sweep has ended yet."
    if latest is not None:
        said = f"The latest sweep ended {latest.ended:%Y-%m-%d %H:%M} UTC and deleted {len(latest.deleted)}."
    yield Fact(area=Area.LEFTOVERS, target="sweep", text=said)
    if found.young:
        yield Fact(
            area=Area.LEFTOVERS, target="sweep", text=f"{len(found.young)} more may be leftovers, and are too young."
        )
