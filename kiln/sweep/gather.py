"""What a sweep goes by: Azure's lists first, then the records. Reading them in this order is what makes it safe.

It owns the reading; decide.py decides. What cannot be looked at is named, and the rest is looked at all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import inventory, marks
from kiln.errors import BuildError
from kiln.messages.sweeps import FoundGarbage
from kiln.runs.debts import Debts
from kiln.runs.home import home
from kiln.runs.store import Runs, Templates
from kiln.runs.sweeps import Sweeps
from kiln.sweep.decide import garbage, is_due
from kiln.sweep.found import Garbage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.runs.debts import Debt
    from kiln.runs.home import Home
    from kiln.sweep.found import Tagged, TaggedGroup

AT_ONCE = 100
"""Deletions of one sweep; the oldest first, the rest is the next one's."""


def find(now: datetime) -> FoundGarbage:
    """Return what is nobody's: what is due for deletion, in the order of its tiers, and what is too young."""
    before = Sweeps().latest()
    problems: list[str] = []
    me = home()
    resources, groups = _listed(me, problems)
    templates = Templates().read_all()
    runs = Runs()
    found = garbage(
        resources,
        groups,
        templates,
        lambda record, run_id: runs.get(record.id, run_id),
        before.seen if before else {},
        now,
        me.id,
    )
    unique: dict[str, Garbage] = {}
    for each in (*_debts(problems), *found):
        unique.setdefault(each.entry.id.lower(), each)
    due = sorted((each for each in unique.values() if is_due(each, now)), key=lambda each: each.since)
    return FoundGarbage(
        due=tuple(sorted(due[:AT_ONCE], key=lambda each: each.entry.tier)),
        young=tuple(each for each in unique.values() if not is_due(each, now)),
        more=len(due[AT_ONCE:]),
        subscriptions=me.subscriptions,
        problems=tuple(problems),
    )


def _listed(me: Home, problems: list[str]) -> tuple[list[Tagged], list[TaggedGroup]]:
    from azure.core.exceptions import AzureError

    resources: list[Tagged] = []
    groups: list[TaggedGroup] = []
    for subscription in me.subscriptions:
        try:
            resources += inventory.tagged(subscription, me.id)
            groups += inventory.tagged_groups(subscription, me.id)
        except (BuildError, AzureError) as error:
            problems.append(f"The subscription {subscription} was not looked at: {error}")
    return resources, groups


def _debts(problems: list[str]) -> Iterator[Garbage]:
    """Yield what ended runs owe, but for what is another's by now: that is struck out."""
    from azure.core.exceptions import AzureError

    for debt in Debts().list():
        try:
            yield from _owed(debt)
        except (BuildError, AzureError) as error:
            problems.append(f"What run {debt.run.run_id} left was not looked at: {error}")


def _owed(debt: Debt) -> Iterator[Garbage]:
    for entry in debt.entries:
        if marks.is_anothers(entry):
            Debts().strike(debt.run, {entry.id})
            continue
        why = f"run {debt.run.run_id} could not delete it"
        yield Garbage(entry=entry, why=why, since=debt.since, run=debt.run, debt=True)
