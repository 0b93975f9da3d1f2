"""The status of a timer, kept between runs of the host, and whether it has missed an occurrence.

It owns the status and its rules, those of ScheduleMonitor in Azure/azure-webjobs-sdk-extensions; it must not know how
a function is called.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devkit.host.schedules import Schedule
    from devkit.host.store import Store


@dataclass(frozen=True, slots=True)
class TimerStatus:
    """Times of a timer: it fired last (None: never), fires next, and the status was reckoned; all in UTC."""

    last: datetime | None
    next: datetime
    updated: datetime

    @staticmethod
    def initial(schedule: Schedule, now: datetime) -> TimerStatus:
        """Reckon the status of a timer that has never fired."""
        return TimerStatus(None, schedule.next(now), now)

    def fired(self, schedule: Schedule, at: datetime) -> TimerStatus:
        """Reckon the status after a run that began at a time."""
        return TimerStatus(at, schedule.next(at), at)


def load(store: Store, name: str) -> TimerStatus | None:
    """Read a timer's status; None if there is none yet."""
    text = store.setting(_key(name))
    if text is None:
        return None
    last, following, updated = (None if part is None else datetime.fromisoformat(part) for part in json.loads(text))
    if following is None or updated is None:
        raise ValueError(f"the stored status of timer '{name}' is broken: {text}")
    return TimerStatus(last, following, updated)


def save(store: Store, name: str, status: TimerStatus) -> None:
    """Write a timer's status."""
    last = None if status.last is None else status.last.isoformat()
    store.put_setting(_key(name), json.dumps([last, status.next.isoformat(), status.updated.isoformat()]))


def current(status: TimerStatus | None, schedule: Schedule, now: datetime) -> TimerStatus:
    """Return the status to go on with at a start of the host.

    If the schedule has changed since, no occurrence of the old one counts as missed.
    """
    if status is None:
        return TimerStatus.initial(schedule, now)
    expected = schedule.next(status.last or status.updated)
    if status.next == expected:
        return status
    if now > expected:
        return TimerStatus.initial(schedule, now)
    return TimerStatus(None, expected, status.last or status.updated)


def _key(name: str) -> str:
    return f"timer:{name}"
