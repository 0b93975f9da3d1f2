"""Deciding which resources with Kiln's tag are leftovers: pure, from Azure's lists and records that were read later.

A resource that a template or a run still needs is none. Reading the records after the lists makes that safe: a template
or run that began after the lists were taken has nothing in them, and an older one is among the records.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiln.cloud.inventory import KINDS
from kiln.ids import RunRef, TemplateId, name_of, part_of
from kiln.runs.ledger import LedgerEntry
from kiln.runs.naming import staging_group
from kiln.runs.record import ProvisioningState
from kiln.sweep.models import GRACE, Leftover
from kiln.sweep.ownership import own_mark, run_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kiln.runs.record import RunRecord, TemplateRecord
    from kiln.sweep.models import Tagged, TaggedGroup

    FindRun = Callable[[TemplateRecord, str], RunRecord | None]

GROUP_TIER, MARK_TIER = 5, 6
SUFFIX = 8
"""The number of random characters at the end of a staging group's name."""


class Unknown(Exception):
    """It cannot be said whether a run exists, since its record cannot be read: its resources are kept."""


def leftovers(
    resources: Iterable[Tagged],
    groups: Iterable[TaggedGroup],
    templates: Iterable[TemplateRecord],
    find_run: FindRun,
    seen: Mapping[str, datetime],
    now: datetime,
    installation: str,
) -> Iterator[Leftover]:
    """Yield the leftovers, young or old. `seen` says when each was first known to be one, by its id in lower case.

    `installation` is this installation's id, which all its resources have as a tag. Each leftover carries the tags by
    which it was recognized, so that they are checked again when it is deleted.
    """
    owners: dict[str, list[TemplateRecord]] = {}
    for record in templates:  # two may name one group: one of them has it, and the other's submission fails
        owners.setdefault(_place(record.id.subscription, record.staging_group), []).append(record)
    for group in groups:
        if _place_of(group.id) in owners:
            continue
        first = seen.get(group.id.lower(), now)
        whose = f"its template {group.user} is gone" if group.user else "its template is gone"
        if _is_named_by_kiln(group):
            whole = LedgerEntry(kind="resource-group", id=group.id, tier=GROUP_TIER, mark=group.mark)
            yield Leftover(entry=whole, why=whose, since=first)
        else:
            marked = LedgerEntry(kind="group-mark", id=group.id, tier=MARK_TIER, mark=group.mark)
            yield Leftover(entry=marked, why=whose, since=first)
    for found in resources:
        kind = KINDS.get(found.type.lower())
        mark = own_mark(found, installation)
        if kind is None or mark is None:
            continue  # another type or name, or not all of Kiln's tags: somebody copied the tag
        entry = kind.model_copy(update={"id": found.id, "mark": mark})
        try:
            made = _of(
                entry, run_of(found), owners.get(_place_of(found.id), []), find_run, seen.get(found.id.lower(), now)
            )
        except Unknown:
            continue
        if made is not None:
            yield made


def _is_named_by_kiln(group: TaggedGroup) -> bool:
    """Whether Kiln made the group and chose its name, by its tags and by its name: then the group itself is deleted.

    By the tags alone, anybody who may set tags could have Kiln delete a group. Of a group that a template named, only
    the resources that Kiln made in it are deleted.
    """
    if not (group.own and group.user):
        return False
    name = name_of(group.id)
    try:
        return staging_group(TemplateId.parse(group.user), name[-SUFFIX:]).lower() == name.lower()
    except ValueError:
        return False


def is_due(found: Leftover, now: datetime) -> bool:
    """Whether the leftover is old enough to be deleted."""
    return found.from_ledger or now - found.since >= GRACE


def begun(run_id: str) -> datetime:
    """Return when the run was requested, by its id."""
    return datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def _of(
    entry: LedgerEntry, named: str | None, owners: list[TemplateRecord], find_run: FindRun, first: datetime
) -> Leftover | None:
    """Return a resource that the run `named` made as a leftover, or None while a template or run still needs it."""
    if not owners:
        return Leftover(entry=entry, why="its template is gone", since=first)
    if named is None or any(owner.provisioning_state is ProvisioningState.DELETING for owner in owners):
        return None
    runs = [(RunRef(template=owner.id, run_id=named), find_run(owner, named)) for owner in owners]
    ref, run = next(((ref, run) for ref, run in runs if run is not None), runs[0])
    if run is None:
        return Leftover(entry=entry, why=f"there is no run {named}", since=begun(named), run=ref)
    kept = {each.lower() for each in run.kept}
    if not run.state.is_final or run.ended is None or entry.id.lower() in kept:
        return None
    return Leftover(entry=entry, why=f"run {named} is {run.state.value}", since=run.ended, run=ref)


def _place_of(arm_id: str) -> str:
    return _place(part_of(arm_id, "subscriptions"), part_of(arm_id, "resourceGroups"))


def _place(subscription: str, group: str) -> str:
    return f"{subscription}/{group}".lower()
