"""The search for leftovers: it reads Azure's lists first, then the records. This order is what makes a sweep safe.

It owns the reading; decide.py decides. A subscription or document that cannot be read is reported, and the others are
searched all the same.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kiln.cloud import marks
from kiln.errors import DocumentUnreadable
from kiln.parallel import run_each
from kiln.runs.installation import installation
from kiln.runs.reading import reason
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.sweep.contracts import FoundLeftovers
from kiln.sweep.decide import Unknown, is_due, leftovers
from kiln.sweep.leftovers import Leftovers
from kiln.sweep.models import Leftover
from kiln.sweep.report import LatestSweep
from kiln.sweep.tagged import tagged, tagged_groups
from kiln.sweep.unreadable import without_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.runs.installation import Installation
    from kiln.runs.record import RunRecord, TemplateRecord
    from kiln.sweep.leftovers import RunLeftovers
    from kiln.sweep.models import Tagged, TaggedGroup

LIST_SECONDS = 90.0
"""The time for Azure's lists of one subscription: one call for each 1,000 resources."""
AT_ONCE = 100
"""The most deletions of one sweep, the oldest leftovers first; the next sweep deletes the rest."""


def find_leftovers(now: datetime) -> FoundLeftovers:
    """Return the leftovers: those that are due for deletion, in the order of their tiers, and those too young."""
    problems: list[str] = []
    before = LatestSweep().latest()
    me = installation()
    listed = _listed(me, problems)
    everything = Templates().read_each()
    problems += [
        f"{each.path} cannot be read, so the resources of its template are not swept: {each.reason}"
        for each in everything.unreadable
    ]
    templates = everything.contents
    hidden = {each.path.removeprefix("templates/").removesuffix(".json") for each in everything.unreadable}
    resources, groups = without_unreadable(*listed, templates, hidden)
    found = leftovers(
        resources,
        groups,
        templates,
        functools.partial(_find_run, problems),
        before.seen if before else {},
        now,
        me.id,
    )
    unique = {
        each.entry.key: each for each in (*found, *_of_ended_runs(problems))
    }  # a disk and the access to it are two entries
    due = sorted((each for each in unique.values() if is_due(each, now)), key=lambda each: each.since)
    return FoundLeftovers(
        due=tuple(sorted(due[:AT_ONCE], key=lambda each: each.entry.tier)),
        young=tuple(each for each in unique.values() if not is_due(each, now)),
        more=len(due[AT_ONCE:]),
        subscriptions=me.subscriptions,
        problems=tuple(problems),
    )


def _find_run(problems: list[str], record: TemplateRecord, run_id: str) -> RunRecord | None:
    try:
        return Runs().get(record.id, run_id)
    except DocumentUnreadable as error:
        problems.append(f"Run {run_id} of {record.id.arm} cannot be read, so its resources are kept: {reason(error)}")
        raise Unknown from error


def _listed(me: Installation, problems: list[str]) -> tuple[list[Tagged], list[TaggedGroup]]:
    resources: list[Tagged] = []
    groups: list[TaggedGroup] = []
    for attempt in run_each(me.subscriptions, lambda subscription: _in(subscription, me.id), seconds=LIST_SECONDS):
        if attempt.result is None:
            problems.append(f"The subscription {attempt.item} was not searched: {attempt.fault}")
        else:
            resources += attempt.result[0]
            groups += attempt.result[1]
    return resources, groups


def _in(subscription: str, installation: str) -> tuple[tuple[Tagged, ...], tuple[TaggedGroup, ...]]:
    return tagged(subscription, installation), tagged_groups(subscription, installation)


def _of_ended_runs(problems: list[str]) -> Iterator[Leftover]:
    """Yield the leftovers of ended runs; strike those whose id somebody else's resource has by now."""
    for attempt in run_each(Leftovers().list(), lambda left: list(_left_by(left)), seconds=LIST_SECONDS):
        if attempt.result is None:
            problems.append(f"The leftovers of run {attempt.item.run.run_id} were not searched: {attempt.fault}")
        else:
            yield from attempt.result


def _left_by(left: RunLeftovers) -> Iterator[Leftover]:
    for entry in left.entries:
        there = marks.find(entry)
        if there is not None and not marks.carries(there.tags, entry.mark):
            Leftovers().strike(left.run, {entry.id})
            continue
        why = f"run {left.run.run_id} could not delete it"
        yield Leftover(entry=entry, why=why, since=left.since, run=left.run, from_ledger=True, is_gone=there is None)
