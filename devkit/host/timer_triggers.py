"""Timer triggers: functions called by a schedule, one call of each at a time, and by hand at any time.

On Azure the extension's singleton lock keeps other hosts from firing the same timers; here only one process can hold
the database. It owns when a timer fires and what a call gets, by TimerListener in
Azure/azure-webjobs-sdk-extensions; it must not know the syntax of schedules.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devkit.host import sdk, timer_status
from devkit.host.invocation import arguments, require_none
from devkit.host.schedules import Schedule, is_frequent, parse
from devkit.host.timer_status import TimerStatus
from devkit.host.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from devkit.host.app import App, ServedFunction
    from devkit.host.clock import Clock
    from devkit.host.store import Store
    from devkit.host.worker import Worker

log = logging.getLogger(__name__)

_NEVER = datetime.min.replace(tzinfo=UTC)  # .NET's default DateTime


@dataclass(slots=True)
class _Timer:
    """One function, its schedule, and its status by that."""

    function: ServedFunction
    schedule: Schedule
    status: TimerStatus
    monitored: bool


class TimerTriggers:
    """Fires the timer functions of an app; needs a started worker."""

    def __init__(self, app: App, worker: Worker, store: Store, clock: Clock, client_json: Callable[[Any], str]) -> None:
        self._worker = worker
        self._store = store
        self._clock = clock
        self._client_json = client_json
        self._due = Timers(clock, self._fire_due)
        self._idle = threading.Condition()
        self._running = 0
        self._stopping = False
        now = clock.now()
        self._timers = {name: self._timer(function, now) for name, function in app.timers.items()}

    def _timer(self, function: ServedFunction, now: datetime) -> _Timer:
        schedule = parse(function.trigger.schedule)
        monitored = function.trigger.use_monitor is not False and not is_frequent(schedule, now)
        return _Timer(function, schedule, TimerStatus.initial(schedule, now), monitored)

    def start(self) -> None:
        """Fire what was missed and what runs at every start; arm the others."""
        self._due.start()
        for name, timer in self._timers.items():
            now = self._clock.now()
            stored = timer_status.load(self._store, name) if timer.monitored else None
            timer.status = timer_status.current(stored, timer.schedule, now)
            self._keep(name, timer)
            if stored is None:  # TimerListener does not use the status just written: nothing was ever updated
                timer.status = replace(timer.status, updated=_NEVER)
            if timer.monitored and now > timer.status.next:
                log.info("timer '%s' is past due since %s", name, timer.status.next)
                self._call(name, past_due=True)
            elif timer.function.trigger.run_on_startup:
                self._call(name)
            else:
                self._due.add([(timer.status.next, name)])

    def stop(self, grace_seconds: float) -> bool:
        """Stop firing, and return whether the calls under way ended in time; one that did not counts as missed."""
        with self._idle:
            self._stopping = True
        self._due.stop()
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, grace_seconds)

    def has(self, name: str) -> bool:
        """Whether there is a timer function of this name."""
        return name in self._timers

    def fire(self, name: str) -> None:
        """Call a timer's function now, beside a call under way; the schedule stays as it is.

        The extension's lock is the listener's alone: a call by hand goes past it (`JobHost.CallAsync`), and gets the
        stored status (`TimerTriggerBinding.BindAsync`).
        """
        self._call(name, scheduled=False)

    def _fire_due(self, name: str) -> None:
        self._call(name)

    def _call(self, name: str, *, scheduled: bool = True, past_due: bool = False) -> None:
        timer = self._timers[name]
        with self._idle:
            if self._stopping:
                return
            self._running += 1
        began = self._clock.now()
        status = timer.status if scheduled or not timer.monitored else timer_status.load(self._store, name)
        value = sdk.decode_timer(json.dumps(_info(status if timer.monitored else None, past_due=past_due)))
        given = arguments(timer.function, value, self._client_json)
        future = self._worker.submit(name, timer.function.code, given)
        future.add_done_callback(lambda done: self._finish(name, began if scheduled else None, done))

    def _finish(self, name: str, began: datetime | None, done: Future[Any]) -> None:
        try:
            self._ended(name, began, done)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _ended(self, name: str, began: datetime | None, done: Future[Any]) -> None:
        """Log a failed call; if it was the schedule's, begun at a time, keep the status and arm the next."""
        timer = self._timers[name]
        if done.cancelled():  # the host stops
            return
        try:
            require_none(timer.function, done.result())
        except Exception:
            # "We don't want any function errors to stop the execution schedule."
            log.exception("timer function '%s' failed", name)
        if began is not None:
            timer.status = timer.status.fired(timer.schedule, began)
            self._keep(name, timer)
            self._due.add([(timer.status.next, name)])

    def _keep(self, name: str, timer: _Timer) -> None:
        if timer.monitored:
            timer_status.save(self._store, name, timer.status)


def _info(status: TimerStatus | None, *, past_due: bool) -> dict[str, Any]:
    """Return the TimerInfo that a function is given."""
    told = None
    if status is not None:
        told = {
            "Last": (status.last or _NEVER).isoformat(),
            "Next": status.next.isoformat(),
            "LastUpdated": status.updated.isoformat(),
        }
    return {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": told, "IsPastDue": past_due}
