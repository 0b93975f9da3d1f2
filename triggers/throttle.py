"""Throttling of requests per subscription: token buckets with Resource Manager's own numbers, in this process.

Only admitted requests count for their subscription, or else anybody could use up its share. Refused requests count for
their caller, or, if the caller is unknown, all together, since callers can choose everything else in a request freely.

The setting `KILN_RATE_LIMIT` multiplies the sizes and refill rates of all buckets; `0` means no limit.
The numbers are those of Microsoft's "Understand how Azure Resource Manager throttles requests" for one subscription and
service principal. Each instance of the app counts for itself, so n instances allow up to n times as much.
"""

from __future__ import annotations

import functools
import logging
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kiln.config import config
from triggers.refusals import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SETTING = "KILN_RATE_LIMIT"
MOST_BUCKETS = 3000
"""Buckets remembered at the same time; beyond it the full ones, which say nothing, are forgotten."""

log = logging.getLogger("kiln.api")


class Kind(StrEnum):
    """The kinds of requests that Resource Manager counts separately."""

    READS = "reads"
    WRITES = "writes"
    DELETES = "deletes"
    REFUSALS = "refusals"

    @staticmethod
    def of(method: str) -> Kind:
        """Return the kind of a request."""
        return {"GET": Kind.READS, "HEAD": Kind.READS, "DELETE": Kind.DELETES}.get(method.upper(), Kind.WRITES)


@dataclass(frozen=True)
class Limit:
    """A bucket's size in requests, and how many come back each second."""

    size: float
    refill: float


LIMITS: Mapping[Kind, Limit] = {
    Kind.READS: Limit(250, 25),
    Kind.WRITES: Limit(200, 10),
    Kind.DELETES: Limit(200, 10),
    Kind.REFUSALS: Limit(200, 10),
}


@dataclass
class _Bucket:
    level: float
    at: float


class Throttle:
    """The buckets of every subscription, of the requests that name none, and of refusals. For one event loop."""

    def __init__(self, factor: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {kind: Limit(limit.size * factor, limit.refill * factor) for kind, limit in LIMITS.items()}
        self._clock = clock
        self._unlimited = factor <= 0
        self._buckets: dict[tuple[str | None, Kind], _Bucket] = {}

    def take(self, subscription: str | None, method: str) -> dict[str, str]:
        """Count a request and return the header that tells how many are left. Raises `TooManyRequests`."""
        if self._unlimited:
            return {}
        kind = Kind.of(method)
        who = f"the subscription {subscription}" if subscription else "requests without a subscription"
        left = self._take(subscription, kind, who)
        where = "subscription" if subscription else "tenant"
        return {f"x-ms-ratelimit-remaining-{where}-{kind}": str(left)}

    def refuse(self, caller: str | None) -> None:
        """Count a refused request of a caller (an object id), or of an unknown one (None), whatever it asked for.

        Raises `TooManyRequests`.
        """
        if not self._unlimited:
            who = f"the caller {caller}" if caller else "requests without a good token or signature"
            self._take(caller, Kind.REFUSALS, who)

    def _take(self, scope: str | None, kind: Kind, who: str) -> int:
        bucket = self._filled(scope.lower() if scope else None, kind)
        if bucket.level < 1:
            wait = math.ceil((1 - bucket.level) / self._limits[kind].refill)
            raise TooManyRequests(kind.value, who, max(wait, 1))
        bucket.level -= 1
        return int(bucket.level)

    def _filled(self, scope: str | None, kind: Kind) -> _Bucket:
        """Return the bucket with what has come back since it was last looked at."""
        now = self._clock()
        bucket = self._buckets.get((scope, kind))
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[scope, kind] = _Bucket(self._limits[kind].size, now)
        bucket.level, bucket.at = self._level(bucket, kind, now), now
        return bucket

    def _level(self, bucket: _Bucket, kind: Kind, now: float) -> float:
        limit = self._limits[kind]
        return min(limit.size, bucket.level + (now - bucket.at) * limit.refill)

    def _make_room(self, now: float) -> None:
        if len(self._buckets) < MOST_BUCKETS:
            return
        self._buckets = {
            (scope, kind): bucket
            for (scope, kind), bucket in self._buckets.items()
            if self._level(bucket, kind, now) < self._limits[kind].size
        }


@functools.cache
def throttle() -> Throttle:
    """Return this process's throttle. A setting that is no number leaves the limits as they are, and is logged."""
    settings = config()
    for bad in settings.bad:
        if bad.name == SETTING:
            log.error("%s", bad.message)
    return Throttle(settings.rate_limit)
