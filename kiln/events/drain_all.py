"""Publishing all outboxes, as the timer does: events that no build publishes any more, or that failed before."""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiln.events import publisher
from kiln.events.drain import LIFETIME, drain, facts, keep
from kiln.events.event_types import EventType
from kiln.events.outbox import Outboxes
from kiln.parallel import run_each
from kiln.runs.runs import Runs

if TYPE_CHECKING:
    from kiln.events.outbox import Outbox
    from kiln.events.publisher import PublishFailed
    from kiln.ids import RunRef

AT_ONCE = 8
"""The number of outboxes that are published at the same time."""
BOX_SECONDS = 120.0
"""The time limit of one outbox: enough for hundreds of requests to a topic that answers."""

log = logging.getLogger("kiln.events")


def drain_all() -> None:
    """Publish the events that are left in any outbox, and remove the outboxes of runs that are over.

    Outboxes that failed before come last, in another order each time, so that they delay no others. After several
    failures in a row that the next outbox would meet, too, the rest waits for the next time.
    """
    if not publisher.is_on():
        return
    boxes = sorted(Outboxes().list(), key=_turn)
    failures = 0
    for start in range(0, len(boxes), AT_ONCE):
        for attempt in run_each(boxes[start : start + AT_ONCE], _empty, seconds=BOX_SECONDS):
            if attempt.fault is not None:
                log.error("the outbox of run %s could not be looked at: %s", attempt.item.run.run_id, attempt.fault)
            failures = failures + 1 if attempt.result is not None and not attempt.result.lasting else 0
        if failures >= AT_ONCE:
            return


def _turn(box: Outbox) -> tuple[bool, bytes]:
    place = f"{time.monotonic()} {box.run.run_id}".encode()
    return box.failing_since is not None, hashlib.sha256(place).digest()


def _empty(box: Outbox) -> PublishFailed | None:
    """Publish the events of one outbox, and remove it if its run is over; return the failure, if there is one."""
    record = Runs().get(box.run.template, box.run.run_id)
    if record is not None and record.state.is_final and _began(box):
        keep(record)  # its last events may be missing
    failed = drain(box.run, insist=True)
    if record is None or record.state.is_final:
        _remove(box.run)
    return failed


def _began(box: Outbox) -> bool:
    """Whether an outbox has events of the run itself, and not only some that followed from it later."""
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
        log.error("events of run %s are given up: %d", run.run_id, left, extra=facts(box))
