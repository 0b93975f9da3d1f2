"""Retries of deliveries: by the end of its last attempt, a delivery is done, tried again after a while, or given up.

It owns the schedule and the status codes (learn.microsoft.com, "Event Grid message delivery and retry"); it must not
know HTTP or the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ANSWER_SECONDS = 30.0
# "There's a five-minute delay between the last attempt to deliver an event and" its dead letter, in seconds.
DEAD_LETTER_SECONDS = 300.0
# "If the dead-letter location is unavailable for four hours, the event is dropped".
DEAD_LETTER_GIVE_UP_SECONDS = 4 * 3600.0
# Seconds before each retry; the last one repeats. Event Grid adds a small randomness, which is left out here.
_SCHEDULE = (10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
_SUCCESS = range(200, 205)
# "Error codes for which retry doesn't happen", by kind of endpoint.
_FINAL = {"WebHook": {400, 401, 403, 413}, "AzureFunction": {400, 403, 413}}
# "Retry after ... or more", in seconds; those of 401 and 404 hold for Azure resources.
_AT_LEAST = {408: 120, 503: 30}
_AT_LEAST_OF_RESOURCES = {401: 300, 404: 300}
_OUTCOMES = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 408: "TimedOut",
             413: "PayloadTooLarge", 429: "Busy"}  # fmt: skip
_SERVER_ERRORS = 500


class Reason(StrEnum):
    """The reason to give up an event. Only the first is in the documentation; the others are named alike."""

    ATTEMPTS = "MaxDeliveryAttemptsExceeded"
    TIME_TO_LIVE = "TimeToLiveExceeded"
    REFUSED = "UndeliverableDueToClientError"


@dataclass(frozen=True)
class Attempt:
    """The end of an attempt: a status, or None and the outcome that says why there is none."""

    status: int | None
    outcome: str

    @staticmethod
    def answered(status: int) -> Attempt:
        """Describe an answer; the outcome is a `lastDeliveryOutcome`."""
        other = "Busy" if status >= _SERVER_ERRORS else "Aborted"
        return Attempt(status, "Delivered" if status in _SUCCESS else _OUTCOMES.get(status, other))


TIMED_OUT = Attempt(None, "TimedOut")
SOCKET_ERROR = Attempt(None, "SocketError")
RESOLUTION_ERROR = Attempt(None, "ResolutionError")


def succeeded(attempt: Attempt) -> bool:
    """Whether the endpoint took the event."""
    return attempt.status in _SUCCESS


def next_step(attempt: Attempt, *, endpoint: str, attempts: int, most: int) -> float | Reason:
    """Return the seconds until the next attempt, or why there is none; `attempts` counts those made so far."""
    if attempt.status in _FINAL[endpoint]:
        return Reason.REFUSED
    if attempts >= most:
        return Reason.ATTEMPTS
    wait = _SCHEDULE[min(attempts, len(_SCHEDULE)) - 1]
    at_least = _AT_LEAST if endpoint == "WebHook" else {**_AT_LEAST, **_AT_LEAST_OF_RESOURCES}
    return float(max(wait, at_least.get(attempt.status or 0, 0)))
