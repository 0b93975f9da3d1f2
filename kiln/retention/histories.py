"""The purge of orchestrations' histories that are too old, in windows of creation time, oldest first.

The host deletes all instances of one request in one go, without a limit: 20,000 instances outlived the function, and
100,000 kept all others waiting (azure-functions-durable-extension issues 1145, 2129, 2211). It also goes on after the
caller has given up, since it is not told (HttpApiHandler passes no cancellation token on). So one request asks for the
instances of one window. After a window that takes too long, the next round asks for half of it. A window that is
refused is halved until all that can be deleted is: older hosts refuse a whole request for one instance that cannot be
deleted (issue 1978).

A sub-orchestration is an instance of its own (issue 704) and is purged by itself: a parent that still runs has its
result in its own history (issue 802). Kiln has no entities.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from kiln.errors import TaskHubUnavailable
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, read_latest
from kiln.runs.record import Document

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""A time before any orchestration of Kiln's."""
WIDEST, NARROWEST = timedelta(days=1), timedelta(minutes=10)
ROUND = 600.0
"""Seconds after which a round begins no further window, so that it ends well within a function's time."""

PATH = "purges/histories.json"

log = logging.getLogger("kiln.retention")


class PurgeProgress(Document):
    """The next window of creation times to purge: from `until`, `width` long. All before `until` are purged."""

    until: datetime
    width: timedelta


class LatestPurge:
    """The progress of the purge of histories, kept in the store."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def latest(self) -> PurgeProgress | None:
        """Return the progress, or None before the first round."""
        return read_latest(self._store, PATH, PurgeProgress)

    def keep(self, purged: PurgeProgress) -> None:
        """Store the progress; of two rounds at once, the one that is further counts."""
        keep_latest(self._store, PATH, purged, lambda known: purged if purged.until >= known.until else known)


class Histories(Protocol):
    """The histories of this app's task hub, as triggers/orchestrations.py implements them."""

    async def purge(self, since: datetime, before: datetime) -> int:
        """Delete the histories of orchestrations that are over and were created in that window. Returns how many.

        Raises `TaskHubUnavailable`; its cause is a `TimeoutError` when the host may still be deleting.
        """

    async def answers(self) -> bool:
        """Whether the task hub answers at all."""


async def purge_histories(histories: Histories, before: datetime) -> int:
    """Purge orchestrations that are over and were created before then, as far as one round gets. Returns how many."""
    known = await asyncio.to_thread(LatestPurge().latest) or PurgeProgress(until=BEGINNING, width=WIDEST)
    begun, purged = time.monotonic(), 0
    while known.until < before:
        if time.monotonic() - begun > ROUND:
            return purged
        end = min(known.until + known.width, before)
        try:
            purged += await _purge_between(histories, known.until, end)
        except TaskHubUnavailable as error:
            if not _took_too_long(error):
                raise
            log.warning("histories of %s to %s take long: the rest waits for the next round", known.until, end)
            narrower = known.model_copy(update={"width": max(known.width / 2, NARROWEST)})
            await asyncio.to_thread(LatestPurge().keep, narrower)
            return purged
        known = PurgeProgress(until=end, width=min(known.width * 2, WIDEST))
        await asyncio.to_thread(LatestPurge().keep, known)
    # The few that ended only after their window was purged, or could not be deleted then.
    return purged + await _purge_between(histories, BEGINNING, before)


async def _purge_between(histories: Histories, since: datetime, before: datetime) -> int:
    """Purge a window; halve it when it is refused, down to the narrowest, which is logged and skipped."""
    try:
        return await histories.purge(since, before)
    except TaskHubUnavailable as error:
        if _took_too_long(error):
            raise
        if before - since <= NARROWEST:
            if not await histories.answers():
                raise
            log.exception("histories of %s to %s cannot all be purged; the next round tries again", since, before)
            return 0
    middle = since + (before - since) / 2
    earlier = await _purge_between(histories, since, middle)
    return earlier + await _purge_between(histories, middle, before)


def _took_too_long(error: TaskHubUnavailable) -> bool:
    """Whether the host did not finish in time: it still deletes, and further requests would only add to its work."""
    return isinstance(error.__cause__, TimeoutError)
