"""Work that an orchestrator schedules, and the history events that record it.

It owns what makes re-emitted work "the same" as recorded work; it must not know how either came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.host.protocol import EPOCH, Event, EventType, event, format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

_EXCERPT = 240
_KIND_NAMES = {
    EventType.TASK_SCHEDULED: "activity",
    EventType.SUB_ORCHESTRATION_CREATED: "sub-orchestration",
    EventType.TIMER_CREATED: "timer",
    EventType.EVENT_SENT: "entity message",
}
# Fields that must not differ between the record and the replay, with the words for each.
_COMPARED = {
    "Name": "name",
    "Input": "input",
    "InstanceId": "instance id",
    "FireAt": "due time",
    "Version": "version",
}


class NonDeterminismError(Exception):
    """The orchestrator's code does something else than its history records."""


@dataclass(frozen=True, slots=True)
class ActivityCall:
    """An activity to run; `payload` is the JSON text that the SDK made of the input."""

    task_id: int
    name: str
    payload: str | None

    def recorded(self, at: datetime) -> Event:
        """Return the history event of scheduling this at `at`."""
        return event(EventType.TASK_SCHEDULED, at, self.task_id, Name=self.name, Version=None, Input=self.payload)


@dataclass(frozen=True, slots=True)
class SubOrchestrationCall:
    """A child instance to start; `payload` is the JSON text that the SDK made of the input."""

    task_id: int
    name: str
    instance_id: str
    payload: str | None
    version: str | None

    def recorded(self, at: datetime) -> Event:
        """Return the history event of scheduling this at `at`."""
        return event(
            EventType.SUB_ORCHESTRATION_CREATED,
            at,
            self.task_id,
            Name=self.name,
            InstanceId=self.instance_id,
            Version=self.version,
            Input=self.payload,
        )


@dataclass(frozen=True, slots=True)
class Timer:
    """A wake-up at `fire_at`; a cancelled one is recorded but never fires."""

    task_id: int
    fire_at: datetime
    cancelled: bool

    def recorded(self, at: datetime) -> Event:
        """Return the history event of scheduling this at `at`."""
        return event(EventType.TIMER_CREATED, at, self.task_id, FireAt=format_timestamp(self.fire_at))


Work = ActivityCall | SubOrchestrationCall | Timer


def describe(record: Event) -> str:
    """Say in words what a scheduling event schedules."""
    kind = _KIND_NAMES[EventType(record["EventType"])]
    if "FireAt" in record:
        return f"a timer due {record['FireAt']}"
    target = f" as instance '{record['InstanceId']}'" if "InstanceId" in record else ""
    return f"{kind} '{record['Name']}'{target} with input {_excerpt(record.get('Input'))}"


def require_same(record: Event, work: Work | None) -> None:
    """Raise NonDeterminismError unless `work` is exactly what `record` says was scheduled."""
    number = record["EventId"]
    if work is None:
        raise NonDeterminismError(
            f"Non-Deterministic workflow detected: history records {describe(record)} as action {number},"
            " but the code now schedules nothing there"
        )
    now = work.recorded(EPOCH)
    if now["EventType"] != record["EventType"]:
        difference = "kind"
    else:
        differing = [word for key, word in _COMPARED.items() if now.get(key) != record.get(key)]
        if not differing:
            return
        difference = ", ".join(differing)
    raise NonDeterminismError(
        f"Non-Deterministic workflow detected: history records {describe(record)} as action {number},"
        f" but the code now schedules {describe(now)} (different: {difference})"
    )


def require_nothing_new(work: list[Work]) -> None:
    """Raise NonDeterminismError if replaying a complete history made the code schedule anything new."""
    if work:
        extra = work[0].recorded(EPOCH)
        raise NonDeterminismError(
            f"Non-Deterministic workflow detected: the code now schedules {describe(extra)} as action"
            f" {work[0].task_id}, at a point where the history records nothing"
        )


def _excerpt(text: str | None) -> str:
    if text is None or len(text) <= _EXCERPT:
        return str(text)
    return f"{text[:_EXCERPT]}... ({len(text)} characters)"
