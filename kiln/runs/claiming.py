"""A version claimed for a template: decided, then made a run of, by compare-and-swap at each step.

The order is: take a place, claim the version, store the run, point the template at it. Whoever dies in between is
asked again and goes on from there; whoever is too late leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.errors import PreconditionFailed
from kiln.ids import RunRef
from kiln.messages.rebuilds import Claim, DependentTrigger
from kiln.rebuild import claims
from kiln.rebuild.decide import Skip, Start, Wait, decide, pause
from kiln.rebuild.source import digest
from kiln.runs.dependents import Dependents
from kiln.runs.index import follower
from kiln.runs.naming import run_id
from kiln.runs.queue import new_run
from kiln.runs.rebuilds import Rebuilds
from kiln.runs.record import ProvisioningState, RunCause
from kiln.runs.situation import situation
from kiln.runs.store import Runs, Templates

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.messages.rebuilds import RebuildRequest, SourceVersion
    from kiln.rebuild.claims import Claimed, RebuildRecord
    from kiln.runs.record import RunRecord, TemplateRecord

LEASE = timedelta(minutes=15)
"""How much later than it meant to a rebuild may look again before another event of its version goes on in its place."""
FULL = "all places for rebuilds are taken"

log = logging.getLogger("kiln.rebuild")


def expect(found: SourceVersion, by: str, now: datetime) -> tuple[DependentTrigger, ...]:
    """Return the triggers that follow the source, and let their templates be seen as about to be built.

    `by` is the orchestration that asks; its branches, numbered in the order of the result, will claim. All are expected
    before the first is built, so that whoever builds from several of them waits for all.
    """
    index, key = Dependents(), found.source.key
    triggers: list[DependentTrigger] = []
    for stored in list(index.of(key)):
        entry = stored.content
        record = follower(entry)
        if record is None:
            index.remove_stale(stored, now)
            continue
        _expect(record, key, found.version, f"{by}:{len(triggers)}", now)
        triggers.append(DependentTrigger(template=record.id, trigger=entry.trigger))
    return tuple(triggers)


def claim(asked: RebuildRequest, now: datetime, places: int) -> Claim:
    """Decide what is to be done; if it is to build, make the run. `places` is how many may build at once."""
    told = _claim(asked, now, places)
    log.info(
        "%s %s for version %s: %s",
        told.decision,
        asked.target.template.arm,
        asked.found.version,
        told.reason,
        extra={"source": asked.found.source.key, "trigger": asked.target.trigger, "decision": told.decision},
    )
    return told


def _claim(asked: RebuildRequest, now: datetime, places: int) -> Claim:
    stored = Templates().get(asked.target.template)
    facts = situation(asked, stored.content, now) if stored else None
    if stored is None or facts is None:
        return Claim(decision="skip", reason="the template or its trigger is gone")
    record, key = stored.content, asked.found.source.key
    claimed = facts.record.claimed
    if claimed is not None and claimed.by == asked.by:
        return _make_run(asked, record, claimed, now, places)
    match decide(facts):
        case Skip(reason):
            Rebuilds().change(record, key, lambda known: claims.leave(known, asked.by))
            return Claim(decision="skip", reason=reason)
        case Wait(reason, rest):
            _let_wait(record, key, asked.found.version, asked.by, now, rest)
            return Claim(decision="wait", reason=reason, seconds=rest.total_seconds())
        case Start():
            return _start(asked, record, now, places)


def _start(asked: RebuildRequest, record: TemplateRecord, now: datetime, places: int) -> Claim:
    version, key = asked.found.version, asked.found.source.key
    name = run_id(now, digest(record.id.key, record.created.isoformat(), key, version, length=8))
    ref = RunRef(template=record.id, run_id=name)
    if not Rebuilds().take_place(ref, places, now):
        _let_wait(record, key, version, asked.by, now, pause(asked.attempt))
        return _later(FULL, asked.attempt)
    made = Rebuilds().change(record, key, lambda known: claims.claim(known, version, asked.by, name, now))
    if made.claimed is None or made.claimed.by != asked.by:
        Rebuilds().free_place(ref)
        return _later("another event came first", 0)
    return _make_run(asked, record, made.claimed, now, places)


def _make_run(asked: RebuildRequest, record: TemplateRecord, claimed: Claimed, now: datetime, places: int) -> Claim:
    """Make the run that was claimed, and the template point at it: once, however often this is asked."""
    run = _run(asked, record, claimed)
    ref = RunRef(template=record.id, run_id=run.run_id)
    start = Claim(decision="start", reason=f"version {asked.found.version}", run=ref, instance_id=run.instance_id)
    stored = Templates().require_stored(record.id)
    if stored.content.run_id == run.run_id:
        return start  # an earlier try of this very call came so far
    if (obstacle := _in_the_way(stored.content)) is not None:
        Rebuilds().free_place(ref)
        return _later(obstacle, asked.attempt)
    if not Rebuilds().take_place(ref, places, now):
        return _later(FULL, asked.attempt)
    with contextlib.suppress(PreconditionFailed):  # an earlier try of this very call made it
        Runs().create(run)
    if Templates().take_run(stored, run):
        return start
    Rebuilds().free_place(ref)
    return _later("the template was changed", 0)


def _run(asked: RebuildRequest, record: TemplateRecord, claimed: Claimed) -> RunRecord:
    cause = RunCause(
        trigger=asked.target.trigger, by=asked.by, source_version=asked.found.version, lineage=asked.facts.lineage
    )
    return new_run(record, claimed.at, claimed.run_id.rsplit("-", 1)[1], cause=cause)


def _in_the_way(record: TemplateRecord) -> str | None:
    """Return what came between the decision and the run: a deletion, or a run that somebody else asked for."""
    if record.provisioning_state is ProvisioningState.DELETING:
        return "the template is Deleting"
    current = Runs().latest(record)
    return f"run {current.run_id} is going" if current is not None and not current.state.is_final else None


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
