"""Histories of orchestrations that are too old, purged in windows of time, oldest first.

What the host is asked for at once it deletes at once, with no bound of its own: 20,000 instances outlived the function,
100,000 kept all others waiting (azure-functions-durable-extension issues 1145, 2129, 2211). And it deletes on when who
asked has given up, for nothing tells it (HttpApiHandler hands no cancellation token on). So it is asked for what was
created within a window. After one that takes too long the next look asks for half; one that is refused (older hosts
refuse all where one instance cannot be deleted, issue 1978) is halved until what can be deleted is.

A sub-orchestration is an instance of its own (issue 704), and so goes by itself: a parent that still runs has its
result in its own history (issue 802). Kiln has no entities.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from kiln.errors import TaskHubUnavailable
from kiln.retention.purge_progress import LatestPurge, PurgeProgress

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""Before any orchestration of Kiln's."""
WIDEST, NARROWEST = timedelta(days=1), timedelta(minutes=10)
ROUND = 600.0
"""Seconds after which a look begins with no further window: with its last one it ends well within a function's time."""

log = logging.getLogger("kiln.retention")


class Histories(Protocol):
    """The histories of this app's task hub; triggers/orchestrations.py has them."""

    async def purge(self, since: datetime, before: datetime) -> int:
        """Delete the histories of orchestrations that are over and were created in that time. Returns how many.

        Raises `TaskHubUnavailable`, because of a `TimeoutError` where the host may well go on.
        """

    async def answers(self) -> bool:
        """Whether the task hub answers at all."""


async def purge_histories(histories: Histories, before: datetime) -> int:
    """Purge orchestrations that are over and were created before then, as far as one look goes. Returns how many."""
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
            log.warning("histories of %s to %s take long: the rest waits for the next look", known.until, end)
            narrower = known.model_copy(update={"width": max(known.width / 2, NARROWEST)})
            await asyncio.to_thread(LatestPurge().keep, narrower)
            return purged
        known = PurgeProgress(until=end, width=min(known.width * 2, WIDEST))
        await asyncio.to_thread(LatestPurge().keep, known)
    # What ended only after its window was looked at, or could not be deleted then: few.
    return purged + await _purge_between(histories, BEGINNING, before)


async def _purge_between(histories: Histories, since: datetime, before: datetime) -> int:
    """Purge a window; halve one that is refused, down to the narrowest, which is told and passed over."""
    try:
        return await histories.purge(since, before)
    except TaskHubUnavailable as error:
        if _took_too_long(error):
            raise
        if before - since <= NARROWEST:
            if not await histories.answers():
                raise
            log.exception("histories of %s to %s cannot all be purged; the next look tries again", since, before)
            return 0
    middle = since + (before - since) / 2
    earlier = await _purge_between(histories, since, middle)
    return earlier + await _purge_between(histories, middle, before)


def _took_too_long(error: TaskHubUnavailable) -> bool:
    """Whether the host was not done in time: it goes on, and more at once would only add to it."""
    return isinstance(error.__cause__, TimeoutError)
