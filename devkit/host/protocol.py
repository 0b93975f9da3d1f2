"""The out-of-process protocol of Durable Functions: event kinds, action kinds, statuses and timestamps.

It owns the wire names and numbers, and must not know what any of them causes. Numbers are those of EventType in
Azure/durabletask and of ActionType in azure-functions-durable 1.7.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

# One history event as both the SDK and the store see it: JSON with the keys of DTFx's serialiser.
Event = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP = "%Y-%m-%dT%H:%M:%S.%fZ"


class EventType(IntEnum):
    """Kinds of history event."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_FAILED = 2
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    SUB_ORCHESTRATION_CREATED = 7
    SUB_ORCHESTRATION_COMPLETED = 8
    SUB_ORCHESTRATION_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    ORCHESTRATOR_STARTED = 12
    ORCHESTRATOR_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    CONTINUE_AS_NEW = 16
    GENERIC = 17
    HISTORY_STATE = 18
    EXECUTION_SUSPENDED = 19
    EXECUTION_RESUMED = 20


class ActionType(IntEnum):
    """Kinds of action in the state that the SDK returns."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    SCHEDULED_SIGNAL_ENTITY = 10
    WHEN_ANY = 11
    WHEN_ALL = 12


class RuntimeStatus(StrEnum):
    """Statuses of an instance, spelled as the Durable HTTP API spells them."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"
    CONTINUED_AS_NEW = "ContinuedAsNew"

    @property
    def terminal(self) -> bool:
        """Whether an instance with this status will never run again by itself."""
        return self in (RuntimeStatus.COMPLETED, RuntimeStatus.FAILED, RuntimeStatus.TERMINATED)


def event(kind: EventType, at: datetime, event_id: int = -1, **fields: Any) -> Event:
    """Build a history event; `event_id` is -1 for everything that an orchestrator did not schedule."""
    return {"EventType": int(kind), "EventId": event_id, "Timestamp": format_timestamp(at), **fields}


def parse_timestamp(text: str) -> datetime:
    """Parse an ISO 8601 timestamp; one without an offset is UTC, as in the SDK."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def format_timestamp(moment: datetime) -> str:
    """Format an aware datetime in UTC with microseconds, the SDK's own format."""
    return moment.astimezone(UTC).strftime(_TIMESTAMP)


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970, exact, unlike a float timestamp."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Return the aware datetime for microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)
