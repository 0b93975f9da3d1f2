"""Rate limits of Resource Manager: how many more requests it would take, by a bucket of tokens for each kind.

It owns the counting; it must not know what a request does. It never refuses one: a fault rule with status 429
does, where a test wants that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from devkit.azure import clock

_THROTTLED = 429


@dataclass
class _Bucket:
    size: int
    refill: int
    tokens: float
    at: float

    def take(self, now: float) -> int:
        self.tokens = max(0.0, min(self.size, self.tokens + (now - self.at) * self.refill) - 1)
        self.at = now
        return int(self.tokens)


def _bucket(size: int, refill: int) -> _Bucket:
    return _Bucket(size, refill, size, clock.now())


def _buckets() -> dict[str, _Bucket]:
    # learn.microsoft.com, "Understand how Azure Resource Manager throttles requests": tokens, and refill each second.
    return {"reads": _bucket(250, 25), "writes": _bucket(200, 10), "deletes": _bucket(200, 10)}


@dataclass
class RateLimits:
    """The buckets of the one subscription."""

    _buckets: dict[str, _Bucket] = field(default_factory=_buckets)

    def headers(self, method: str, path: str, status: int) -> dict[str, str]:
        """Count an answered request, and return the header that tells what is left; none outside subscriptions."""
        if not path.lower().startswith("/subscriptions/"):
            return {}
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")
        left = self._buckets[kind].take(clock.now())
        return {f"x-ms-ratelimit-remaining-subscription-{kind}": str(0 if status == _THROTTLED else left)}
