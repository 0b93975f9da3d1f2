"""Publishing one outbox: a run's unsent events are published in order, by one process at a time.

An event is published, written into the journal, and then marked as sent: after a crash in between, it is published
again with the same id. Events that the journal could not take are written later by the timer, without being published
again. A failure is logged once for each run and never raised: no build fails because its events cannot be published.

The topic takes a request whole or not at all, and answers 400 or 413 to one that it will never take ("Publish events to
Azure Event Grid custom topics using access keys"). The events of such a request are then published one by one; one that
is refused even alone is put aside, and those after it go on. The timer tries it again, because the fault may be the
topic's own, such as another input schema.
"""

from __future__ import annotations

import functools
import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeGuard

from kiln.errors import StorageUnavailable
from kiln.events import publisher
from kiln.events.outbox import (
    Outboxes,
    Refusal,
    claim,
    mark_done_with,
    mark_failed,
    mark_journaled,
    mark_refused,
    mark_sent,
    mark_unjournaled,
    release,
)
from kiln.events.publisher import PublishFailed
from kiln.events.run_events import events_of
from kiln.ids import RunRef
from kiln.redact import redact
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kiln.events.cloud_events import CloudEvent
    from kiln.events.outbox import Outbox
    from kiln.runs.documents import Stored
    from kiln.runs.record import RunOutput, RunRecord

PATIENCE_SECONDS = 5.0
"""Time after which a build's own publishing begins no further request; one may take as long as `publisher` allows."""
LIFETIME = timedelta(hours=24)
"""How long publishing is tried before events are given up: as long as Event Grid tries its deliveries."""

log = logging.getLogger("kiln.events")


def keep(run: RunRecord) -> Stored[Outbox] | None:
    """Put the events of a run's record into its outbox; events that it has already stay as they are.

    Returns the outbox as it is now, or None where there is no topic.
    """
    if not publisher.is_on():
        return None
    ref = RunRef(template=run.template, run_id=run.run_id)
    return keep_events(ref, *events_of(run, datetime.now(UTC), _before(run)))


def keep_events(run: RunRef, *events: CloudEvent) -> Stored[Outbox] | None:
    """Put events that follow from a run into its outbox; events that it has already stay as they are.

    Returns the outbox as it is now, or None where there is no topic.
    """
    return Outboxes().add(run, events) if publisher.is_on() else None


def drain(run: RunRef, box: Stored[Outbox] | None = None, *, insist: bool = False) -> PublishFailed | None:
    """Publish a run's unsent events; return the failure, if there is one. `box` is the outbox, if it is known already.

    With `insist`, as the timer asks for, refused events are tried again, and so is a topic that is known to fail.
    Without it neither is, and the call ends within seconds. An event that is put aside is not a failure.
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
            return None  # another process publishes, and finds newer events when it marks its own as sent
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
            stored = _mark_published(boxes, stored, batch, functools.partial(mark_sent, by=me, through=through))
            if claimed.failing_since:
                log.info("events of run %s are published again", run.run_id, extra={"runId": run.run_id})
        singly = max(singly - 1, 0)
    return None


def _claimed(boxes: Outboxes, stored: Stored[Outbox], me: str) -> Stored[Outbox] | None:
    """Claim an outbox and return it; None if it is gone, empty or claimed by another."""
    taken = boxes.change(stored, lambda found: claim(found, me, datetime.now(UTC)))
    return taken if taken is not None and taken.content.claim is not None and taken.content.claim.by == me else None


def _try_again(boxes: Outboxes, stored: Stored[Outbox], me: str) -> PublishFailed | None:
    """Try refused events and missing journal entries again, unless they are too old. Returns a failure to publish."""
    latest = _journal_again(boxes, stored, me)
    for refusal in stored.content.refused:
        if latest is None or (latest := _claimed(boxes, latest, me)) is None:
            return None
        box, done = latest.content, functools.partial(mark_done_with, by=me, event=refusal.event)
        event = box.event(refusal.event)
        if datetime.now(UTC) - refusal.since > LIFETIME:
            log.error("event %s is given up: %s", event.id, refusal.reason, extra=facts(box))
            latest = boxes.change(latest, done)
        elif refusal.too_large:
            continue
        elif (failed := _published(event)) is None:
            latest = _mark_published(boxes, latest, [event], done)
        elif not failed.lasting:
            _failed(boxes, latest, me, failed)
            return failed
    if latest is not None:
        boxes.change(latest, functools.partial(release, by=me))
    return None


def _mark_published(
    boxes: Outboxes, stored: Stored[Outbox], events: Sequence[CloudEvent], mark: Callable[[Outbox], Outbox]
) -> Stored[Outbox] | None:
    """Write published events into the journal, and mark them. Those that it does not take are noted for later."""
    try:
        publisher.write_journal(events)
    except StorageUnavailable as error:
        log.warning("%d events are not in the journal yet: %s", len(events), error, extra=facts(stored.content))
        return boxes.change(stored, lambda found: mark_unjournaled(mark(found), tuple(events)))
    return boxes.change(stored, mark)


def _journal_again(boxes: Outboxes, stored: Stored[Outbox], me: str) -> Stored[Outbox] | None:
    """Write published events that are missing in the journal; give up those that it has not taken for too long.

    Only the holder of the outbox's claim writes.
    """
    if not stored.content.unjournaled:
        return stored
    if (claimed := _claimed(boxes, stored, me)) is None:
        return None
    box = claimed.content
    missing = publisher.first_batch([box.event(event_id) for event_id in box.unjournaled])
    try:
        publisher.write_journal(missing)
    except StorageUnavailable as error:
        old = [event for event in missing if datetime.now(UTC) - event.time > LIFETIME]
        if old:
            log.error("%d events will never be in the journal: %s", len(old), error, extra=facts(box))  # noqa: TRY400
        missing = old
    written = tuple(event.id for event in missing)
    return boxes.change(claimed, lambda found: mark_journaled(found, me, written))


def _published(event: CloudEvent) -> PublishFailed | None:
    """Publish one event; return the failure, if there is one."""
    try:
        publisher.publish([event])
    except PublishFailed as error:
        return error
    return None


def _is_due(stored: Stored[Outbox] | None, *, insist: bool) -> TypeGuard[Stored[Outbox]]:
    return stored is not None and bool(stored.content.unsent) and (insist or not stored.content.failing_since)


def _before(run: RunRecord) -> tuple[RunOutput, ...]:
    """Return the outputs of the run that this one is a retry of, if it is one."""
    before = Runs().get(run.template, run.retry_of) if run.retry_of else None
    return before.outputs if before else ()


def _refused(box: Outbox, event: CloudEvent, error: PublishFailed) -> Refusal:
    """Log that the topic refuses an event even by itself, and return the refusal. Events after it are published."""
    log.error("event %s is refused by the topic, and those after it go on: %s", event.id, error, extra=facts(box))
    reason = redact(str(error))
    return Refusal(event=event.id, since=datetime.now(UTC), reason=reason, too_large=error.too_large)


def _failed(boxes: Outboxes, stored: Stored[Outbox], me: str, error: PublishFailed) -> None:
    boxes.change(stored, lambda found: mark_failed(found, me, datetime.now(UTC)))
    box = stored.content
    if box.failing_since is None:
        log.warning("events of run %s cannot be published yet: %s", box.run.run_id, error, extra=facts(box))


def facts(box: Outbox) -> dict[str, object]:
    """Return the extra fields of a log line about an outbox."""
    return {"runId": box.run.run_id, "template": box.run.template.arm, "unsent": len(box.unsent)}
