"""Outboxes emptied: what is unsent is published in order, by one at a time.

An event is published, then marked: a crash in between publishes it again, with the same id. A failure is logged once
for a run, and never raised: no build fails because nobody hears of it.

The topic takes a request whole or not at all, and answers 400 or 413 for what it will never take ("Publish events to
Azure Event Grid custom topics using access keys"). The events of such a request go one by one; one that is refused
alone is put aside, and those after it go on. The timer tries it again, for the fault may be the topic's own, such as
another input schema.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeGuard

from kiln.events import publisher
from kiln.events.names import EventType
from kiln.events.outbox import (
    Outboxes,
    Refusal,
    claim,
    mark_done_with,
    mark_failed,
    mark_refused,
    mark_sent,
    release,
)
from kiln.events.publisher import PublishFailed
from kiln.events.run_events import events_of
from kiln.ids import RunRef
from kiln.parallel import run_each
from kiln.redact import redact
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from kiln.events.cloud_events import CloudEvent
    from kiln.events.outbox import Outbox
    from kiln.runs.documents import Stored
    from kiln.runs.record import RunOutput, RunRecord

PATIENCE_SECONDS = 5.0
"""After so many, no further request is begun on behalf of a build; one may take `publisher`'s limits."""
AT_ONCE = 8
"""Outboxes that are emptied side by side."""
BOX_SECONDS = 120.0
"""For one of them: hundreds of requests of a topic that answers."""
LIFETIME = timedelta(hours=24)
"""Events that could not be published for so long are given up, as Event Grid gives up deliveries after 24 hours."""

log = logging.getLogger("kiln.events")


def keep(run: RunRecord) -> Stored[Outbox] | None:
    """Keep what the record has to tell until it is published; what was kept before stays as it is.

    Returns the outbox as it is now, or None where there is no topic.
    """
    if not publisher.is_on():
        return None
    ref = RunRef(template=run.template, run_id=run.run_id)
    return keep_events(ref, *events_of(run, datetime.now(UTC), _before(run)))


def keep_events(run: RunRef, *events: CloudEvent) -> Stored[Outbox] | None:
    """Keep events that follow from a run until they are published; those that were kept before stay as they are.

    Returns the outbox as it is now, or None where there is no topic.
    """
    return Outboxes().add(run, events) if publisher.is_on() else None


def drain(run: RunRef, box: Stored[Outbox] | None = None, *, insist: bool = False) -> PublishFailed | None:
    """Publish what is unsent; return why that failed, if it did. `box` is the outbox, if it is known already.

    Without `insist` nothing is tried while publishing is known to fail, nor what was refused, and it ends within
    seconds. That events were put aside is no failure.
    """
    if not publisher.is_on():
        return None
    boxes, me, began = Outboxes(), uuid.uuid4().hex, time.monotonic()
    stored, singly = box or boxes.get(run), 0
    if insist and stored is not None and (failed := _try_again(boxes, stored, me)) is not None:
        return failed
    while _is_due(stored, insist=insist) and (insist or time.monotonic() - began < PATIENCE_SECONDS):
        stored = _claimed(boxes, stored, me)
        if stored is None:
            return None  # another publishes, and finds what came meanwhile when it marks that as sent
        claimed = stored.content
        batch = claimed.unsent[:1] if singly else publisher.first_batch(claimed.unsent)
        through = claimed.sent + len(batch)
        try:
            publisher.publish(batch)
        except PublishFailed as error:
            if not error.lasting:
                _failed(boxes, stored, me, error)
                return error
            if len(batch) > 1:
                singly = len(batch)
                continue
            refusal = _refused(claimed, batch[0], error)
            stored = boxes.change(stored, functools.partial(mark_refused, by=me, through=through, refusal=refusal))
        else:
            stored = boxes.change(stored, functools.partial(mark_sent, by=me, through=through))
            if claimed.failing_since:
                log.info("events of run %s are published again", run.run_id, extra={"runId": run.run_id})
        singly = max(singly - 1, 0)
    return None


def _claimed(boxes: Outboxes, stored: Stored[Outbox], me: str) -> Stored[Outbox] | None:
    """Return the outbox, if it is this one's to publish from now."""
    taken = boxes.change(stored, lambda found: claim(found, me, datetime.now(UTC)))
    return taken if taken is not None and taken.content.claim is not None and taken.content.claim.by == me else None


def _try_again(boxes: Outboxes, stored: Stored[Outbox], me: str) -> PublishFailed | None:
    """Publish what was refused, if it is taken by now, and give up what was refused for too long."""
    latest: Stored[Outbox] | None = stored
    for refusal in stored.content.refused:
        if latest is None or (latest := _claimed(boxes, latest, me)) is None:
            return None
        box = latest.content
        if datetime.now(UTC) - refusal.since > LIFETIME:
            log.error("event %s is given up: %s", refusal.event, refusal.reason, extra=_facts(box))
        elif refusal.too_large:
            continue
        elif (failed := _published(box.event(refusal.event))) is not None:
            if failed.lasting:
                continue
            _failed(boxes, latest, me, failed)
            return failed
        latest = boxes.change(latest, functools.partial(mark_done_with, by=me, event=refusal.event))
    if latest is not None:
        boxes.change(latest, functools.partial(release, by=me))
    return None


def _published(event: CloudEvent) -> PublishFailed | None:
    """Publish one event; return why that failed, if it did."""
    try:
        publisher.publish([event])
    except PublishFailed as error:
        return error
    return None


def _is_due(stored: Stored[Outbox] | None, *, insist: bool) -> TypeGuard[Stored[Outbox]]:
    return stored is not None and bool(stored.content.unsent) and (insist or not stored.content.failing_since)


def drain_all() -> None:
    """Publish what is left in any outbox, and remove those of runs that are over.

    Outboxes whose events were not taken before come last, in an order that is another one each time, so that they keep
    none of the others waiting. It ends when several after each other fail as the next one would, too.
    """
    if not publisher.is_on():
        return
    boxes = sorted(Outboxes().list(), key=_turn)
    failures = 0
    for start in range(0, len(boxes), AT_ONCE):
        for attempt in run_each(boxes[start : start + AT_ONCE], _empty, seconds=BOX_SECONDS):
            if attempt.fault is not None:
                log.error("events of run %s are not looked at: %s", attempt.item.run.run_id, attempt.fault)
            failures = failures + 1 if attempt.result is not None and not attempt.result.lasting else 0
        if failures >= AT_ONCE:
            return


def _turn(box: Outbox) -> tuple[bool, bytes]:
    place = f"{time.monotonic()} {box.run.run_id}".encode()
    return box.failing_since is not None, hashlib.sha256(place).digest()


def _empty(box: Outbox) -> PublishFailed | None:
    """Publish what one outbox has, and remove it if its run is over; return why publishing failed, if it did."""
    record = Runs().get(box.run.template, box.run.run_id)
    if record is not None and record.state.is_final and _began(box):
        keep(record)  # it may have ended without a word
    failed = drain(box.run, insist=True)
    if record is None or record.state.is_final:
        _remove(box.run)
    return failed


def _before(run: RunRecord) -> tuple[RunOutput, ...]:
    """Return the outputs of the run that this one goes on from."""
    before = Runs().get(run.template, run.retry_of) if run.retry_of else None
    return before.outputs if before else ()


def _began(box: Outbox) -> bool:
    """Whether it tells of the run itself, and not only of what followed from it later."""
    return any(event.type is EventType.BUILD_STARTED for event in box.events)


def _remove(run: RunRef) -> None:
    """Remove the outbox of a run that is over, if it is empty, or too old."""
    boxes = Outboxes()
    stored = boxes.get(run)
    if stored is None:
        return
    box = stored.content
    too_old = box.failing_since is not None and datetime.now(UTC) - box.failing_since > LIFETIME
    if not (box.is_empty or too_old):
        return
    left = len(box.unsent) + len(box.refused)
    if boxes.remove(run, stored.etag) and left:
        log.error("events of run %s are given up: %d", run.run_id, left, extra=_facts(box))


def _refused(box: Outbox, event: CloudEvent, error: PublishFailed) -> Refusal:
    """Tell of an event that the topic refuses by itself; those that follow it are published."""
    log.error("event %s is refused by the topic, and those after it go on: %s", event.id, error, extra=_facts(box))
    reason = redact(str(error))
    return Refusal(event=event.id, since=datetime.now(UTC), reason=reason, too_large=error.too_large)


def _failed(boxes: Outboxes, stored: Stored[Outbox], me: str, error: PublishFailed) -> None:
    boxes.change(stored, lambda found: mark_failed(found, me, datetime.now(UTC)))
    box = stored.content
    if box.failing_since is None:
        log.warning("events of run %s cannot be published yet: %s", box.run.run_id, error, extra=_facts(box))


def _facts(box: Outbox) -> dict[str, object]:
    return {"runId": box.run.run_id, "template": box.run.template.arm, "unsent": len(box.unsent)}
