"""Claiming a version of a source for a template: the decision, and the beginning of the run, by compare-and-swap.

The order is: take a slot, claim the version, begin the run (kiln.runs.begin). A call that dies in between is repeated
and continues from there; a call that comes too late leaves nothing behind.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.errors import BeingDeleted, DocumentUnreadable, ResourceNotFound
from kiln.ids import RunRef, digest
from kiln.rebuild import claims
from kiln.rebuild.contracts import Claim, DependentTrigger
from kiln.rebuild.decide import Skip, Start, Wait, decide, pause
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.facts import rebuild_facts
from kiln.rebuild.index import still_following
from kiln.rebuild.records import Rebuilds
from kiln.runs.begin import Begun, InTheWay, NotDue, begin_run
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.reading import tell
from kiln.runs.record import RunCause
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.rebuild.claims import Claimed, RebuildRecord
    from kiln.rebuild.contracts import RebuildRequest, SourceVersion
    from kiln.runs.record import RunRecord, TemplateRecord

LEASE = timedelta(minutes=15)
"""How late a waiting rebuild may ask again before another event of its version takes its place."""
FULL = "all slots for rebuilds are taken"
GONE = "the template or its trigger is gone"

log = logging.getLogger("kiln.rebuild")


def expect(found: SourceVersion, by: str, now: datetime) -> tuple[DependentTrigger, ...]:
    """Return the triggers that follow the source, and mark their templates as about to be built.

    `by` is the orchestration that asks; its branches, numbered in the order of the result, will claim. All templates
    are marked before the first is built, so that a template that follows several of them waits for all.
    """
    index, key = Dependents(), found.source.key
    triggers: list[DependentTrigger] = []
    for stored in list(index.of(key)):
        entry = stored.content
        try:
            record = still_following(entry)
            if record is None:
                index.remove_orphan(stored, now)
                continue
            _expect(record, key, found.version, f"{by}:{len(triggers)}", now)
        except DocumentUnreadable as error:
            tell(error)  # the others are built; this one is when a version comes after it can be read again
            continue
        triggers.append(DependentTrigger(template=record.id, made=record.created, trigger=entry.trigger))
    return tuple(triggers)


def claim(asked: RebuildRequest, now: datetime, slots: int) -> Claim:
    """Decide whether a template is rebuilt now, and if so begin the run. `slots` is how many may run at once."""
    told = _claim(asked, now, slots)
    log.info(
        "%s %s for version %s: %s",
        told.decision,
        asked.target.template.arm,
        asked.found.version,
        told.reason,
        extra={"source": asked.found.source.key, "trigger": asked.target.trigger, "decision": told.decision},
    )
    return told


def _claim(asked: RebuildRequest, now: datetime, slots: int) -> Claim:
    stored = Templates().made(asked.target.template, asked.target.made)
    if stored is None:
        return Claim(decision="skip", reason=GONE)
    record, key = stored.content, asked.found.source.key
    claimed = Rebuilds().get(record, key).claimed
    if claimed is not None and claimed.by == asked.by:
        return _begin(asked, record, claimed, now, slots)
    facts = rebuild_facts(asked, record, now)
    if facts is None:
        return Claim(decision="skip", reason=GONE)
    match decide(facts):
        case Skip(reason):
            Rebuilds().change(record, key, lambda known: claims.stop_waiting(known, asked.by))
            return Claim(decision="skip", reason=reason)
        case Wait(reason, rest):
            _let_wait(record, key, asked.found.version, asked.by, now, rest)
            return Claim(decision="wait", reason=reason, seconds=rest.total_seconds())
        case Start():
            return _start(asked, record, now, slots)


def _start(asked: RebuildRequest, record: TemplateRecord, now: datetime, slots: int) -> Claim:
    version, key = asked.found.version, asked.found.source.key
    name = run_id(now, digest(record.id.key, record.created.isoformat(), key, version, length=8))
    ref = RunRef(template=record.id, run_id=name)
    if not Rebuilds().take_slot(ref, slots, now):
        _let_wait(record, key, version, asked.by, now, pause(asked.attempt))
        return _later(FULL, asked.attempt)
    made = Rebuilds().change(record, key, lambda known: claims.claim(known, version, asked.by, name, now))
    if made.claimed is None or made.claimed.by != asked.by:
        Rebuilds().free_slot(ref)
        return _later("another event came first", 0)
    return _begin(asked, record, made.claimed, now, slots)


def _begin(asked: RebuildRequest, record: TemplateRecord, claimed: Claimed, now: datetime, slots: int) -> Claim:
    """Begin the claimed run, once, however often this is called. It has a slot as long as it may be built."""
    ref = RunRef(template=record.id, run_id=claimed.run_id)
    if not Rebuilds().take_slot(ref, slots, now):
        return _later(FULL, asked.attempt)
    try:
        met = begin_run(record.id, claimed.run_id, lambda current: _run(asked, current, claimed))
    except (NotDue, BeingDeleted, ResourceNotFound):
        Rebuilds().free_slot(ref)
        return Claim(decision="skip", reason=GONE)
    match met:
        case Begun(run) if not run.state.is_final:
            reason = f"version {asked.found.version}"
            return Claim(decision="start", reason=reason, run=ref, instance_id=run.instance_id)
        case Begun(run):
            Rebuilds().free_slot(ref)
            return Claim(decision="skip", reason=f"run {run.run_id} was made, and is {run.state.value}")
        case InTheWay(run):
            Rebuilds().free_slot(ref)
            return _later(f"run {run.run_id} is going", asked.attempt)


def _run(asked: RebuildRequest, record: TemplateRecord, claimed: Claimed) -> RunRecord:
    if record.created != asked.target.made or Triggers().get(record, asked.target.trigger) is None:
        raise NotDue
    cause = RunCause(trigger=asked.target.trigger, source_version=asked.found.version, lineage=asked.facts.lineage)
    return new_run(record, claimed.at, claimed.run_id.rsplit("-", 1)[1], cause=cause, starter=asked.by)


def _expect(record: TemplateRecord, key: str, version: str, by: str, now: datetime) -> None:
    def change(known: RebuildRecord) -> RebuildRecord:
        return claims.expect(known, version, by, now, now + LEASE)

    Rebuilds().change(record, key, change)


def _let_wait(record: TemplateRecord, key: str, version: str, by: str, now: datetime, rest: timedelta) -> None:
    def change(known: RebuildRecord) -> RebuildRecord:
        return claims.wait(known, version, by, now, now + rest + LEASE)

    Rebuilds().change(record, key, change)


def _later(reason: str, attempt: int) -> Claim:
    return Claim(decision="wait", reason=reason, seconds=pause(attempt).total_seconds())
