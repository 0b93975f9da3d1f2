"""The messages that instances get in their inboxes, as the history events that they become.

It owns their fields; it must not know when or why one is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.host.protocol import Event, EventType, RuntimeStatus, event, format_timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from devkit.host.records import Instance
    from devkit.host.work import SubOrchestrationCall, Timer


def execution_started(instance: Instance, at: datetime) -> Event:
    """Return the first message of a generation."""
    return event(
        EventType.EXECUTION_STARTED,
        at,
        Name=instance.name,
        Input=instance.input,
        # The SDK reads this key whether or not there is a version.
        Version=instance.version,
    )


def timer_fired(timer: Timer) -> Event:
    """Return the wake-up of a timer."""
    due = timer.fire_at
    return event(EventType.TIMER_FIRED, due, TimerId=timer.task_id, FireAt=format_timestamp(due))


def child_finished(child: Instance, task_id: int) -> Event:
    """Return the message of a finished child to its parent; a child that did not complete has failed."""
    if child.runtime_status is RuntimeStatus.COMPLETED:
        return event(EventType.SUB_ORCHESTRATION_COMPLETED, child.updated, TaskScheduledId=task_id, Result=child.output)
    return event(
        EventType.SUB_ORCHESTRATION_FAILED,
        child.updated,
        TaskScheduledId=task_id,
        Reason=child.output,
        Details="",
    )


def child_refused(call: SubOrchestrationCall, reason: object, at: datetime) -> Event:
    """Return the message to a parent whose child could not be started."""
    return event(
        EventType.SUB_ORCHESTRATION_FAILED,
        at,
        TaskScheduledId=call.task_id,
        Reason=f"Sub-orchestration '{call.instance_id}': {reason}",
        Details="",
    )
