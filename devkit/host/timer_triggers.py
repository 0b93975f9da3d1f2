"""Timer triggers: functions called by a schedule, each one call at a time.

It owns when a timer fires and what a call gets, by TimerListener in Azure/azure-webjobs-sdk-extensions; it must not
know the syntax of schedules.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devkit.host import sdk, timer_status
from devkit.host.invocation import arguments, require_none
from devkit.host.schedules import Schedule, is_frequent, parse
from devkit.host.timer_status import TimerStatus
from devkit.host.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from datetime import datetime

    from devkit.host.app import App, ServedFunction
    from devkit.host.clock import Clock
    from devkit.host.store import Store
    from devkit.host.worker import Worker

log = logging.getLogger(__name__)

_NEVER = "0001-01-01T00:00:00+00:00"  # .NET's default DateTime


@dataclass(frozen=True, slots=True)
class _Run:
    """One call to make: by the schedule (with the time it is for), at a start, or by hand."""

    scheduled: bool
    past_due: bool = False


@dataclass(slots=True)
class _Timer:
    """One function, its schedule, and what waits until its call under way has ended."""

    function: ServedFunction
    schedule: Schedule
    status: TimerStatus
    monitored: bool
    lock: threading.Lock = field(default_factory=threading.Lock)
    busy: bool = False
    waiting: deque[_Run] = field(default_factory=deque)


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
            if timer.monitored and now > timer.status.next:
                log.info("timer '%s' is past due since %s", name, timer.status.next)
                self._request(name, _Run(scheduled=True, past_due=True))
            elif timer.function.trigger.run_on_startup:
                self._request(name, _Run(scheduled=True))
            else:
                self._due.add([(timer.status.next, name)])

    def stop(self, grace_seconds: float) -> bool:
        """Fire nothing more, and return whether the calls under way ended in time; one that did not is missed."""
        with self._idle:
            self._stopping = True
        self._due.stop()
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, grace_seconds)

    def has(self, name: str) -> bool:
        """Whether there is a timer function of this name."""
        return name in self._timers

    def fire(self, name: str) -> None:
        """Call a timer's function now, or as soon as its call under way has ended; the schedule stays as it is."""
        self._request(name, _Run(scheduled=False))

    def _fire_due(self, name: str) -> None:
        self._request(name, _Run(scheduled=True))

    def _request(self, name: str, run: _Run) -> None:
        timer = self._timers[name]
        with timer.lock:
            if timer.busy:
                timer.waiting.append(run)
                return
            timer.busy = True
        self._call(name, timer, run)

    def _call(self, name: str, timer: _Timer, run: _Run) -> None:
        with self._idle:
            if self._stopping:
                return
            self._running += 1
        began = self._clock.now()
        value = sdk.decode_timer(json.dumps(self._info(timer, past_due=run.past_due)))
        given = arguments(timer.function, value, self._client_json)
        future = self._worker.submit(name, timer.function.code, given)
        future.add_done_callback(lambda done: self._finish(name, timer, run, began, done))

    def _finish(self, name: str, timer: _Timer, run: _Run, began: datetime, done: Future[Any]) -> None:
        try:
            self._ended(name, timer, run, began, done)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _ended(self, name: str, timer: _Timer, run: _Run, began: datetime, done: Future[Any]) -> None:
        if done.cancelled():  # the host stops
            return
        try:
            require_none(timer.function, done.result())
        except Exception:
            # "We don't want any function errors to stop the execution schedule."
            log.exception("timer function '%s' failed", name)
        if run.scheduled:
            timer.status = timer.status.fired(timer.schedule, began)
            self._keep(name, timer)
            self._due.add([(timer.status.next, name)])
        with timer.lock:
            following = timer.waiting.popleft() if timer.waiting else None
            timer.busy = following is not None
        if following is not None:
            self._call(name, timer, following)

    def _keep(self, name: str, timer: _Timer) -> None:
        if timer.monitored:
            timer_status.save(self._store, name, timer.status)

    def _info(self, timer: _Timer, *, past_due: bool) -> dict[str, Any]:
        status = None
        if timer.monitored:
            last = timer.status.last
            status = {
                "Last": _NEVER if last is None else last.isoformat(),
                "Next": timer.status.next.isoformat(),
                "LastUpdated": timer.status.updated.isoformat(),
            }
        return {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
