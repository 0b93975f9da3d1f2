"""The engine: threads that run episodes and activities as soon as the task hub sets them free.

It owns the order of runs: one episode of an instance at a time, activities and orchestrators up to their limits. It
must not know of HTTP or of the store's tables. Nothing polls: every wake-up follows a commit or a due timer.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from devkit.host.activity import run_activity
from devkit.host.clock import Clock, SystemClock
from devkit.host.control import Control, UnknownInstanceError
from devkit.host.episode import decide_or_fail
from devkit.host.taskhub import TaskHub
from devkit.host.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from devkit.host.functions import FunctionTable
    from devkit.host.protocol import Event, RuntimeStatus
    from devkit.host.records import ActivityWork, Instance, Outbox
    from devkit.host.store import Store
    from devkit.host.versioning import Versioning

log = logging.getLogger(__name__)

# The documented default of maxConcurrentActivityFunctions and maxConcurrentOrchestratorFunctions with dedicated
# cores ("Performance and scale in Durable Functions").
DEFAULT_CONCURRENCY = 10 * (os.cpu_count() or 1)


class Engine:
    """Runs the orchestrations of one store from `start` to `stop`; safe to call from any thread."""

    def __init__(
        self,
        functions: FunctionTable,
        store: Store,
        clock: Clock | None = None,
        *,
        max_activities: int = DEFAULT_CONCURRENCY,
        max_orchestrators: int = DEFAULT_CONCURRENCY,
        versioning: Versioning | None = None,
    ) -> None:
        self._functions = functions
        self._store = store
        self._clock = clock or SystemClock()
        self._hub = TaskHub(store, self._clock, versioning)
        self._control = Control(self._hub, store, self._clock)
        self._timers = Timers(self._clock, self._wake)
        self._orchestrators = ThreadPoolExecutor(max_orchestrators, thread_name_prefix="orchestrator")
        self._activities = ThreadPoolExecutor(max_activities, thread_name_prefix="activity")
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._jobs = 0
        self._stopping = False
        self._abandoned = False
        self._running: set[str] = set()
        self._woken_again: set[str] = set()
        self._finished = threading.Condition()

    # Life

    def start(self) -> None:
        """Take up everything that an earlier run of the host left unfinished, and go on from there."""
        self._timers.start()
        self._dispatch(self._hub.recover())

    def stop(self, grace_seconds: float = 5.0) -> bool:
        """Stop. Running work gets `grace_seconds` to commit; what is left is redelivered at the next start.

        Returns whether everything that was running has ended.
        """
        with self._lock:
            self._stopping = True
        self._timers.stop()
        for pool in (self._orchestrators, self._activities):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._finished:
            self._finished.notify_all()
        with self._idle:
            ended = self._idle.wait_for(lambda: self._jobs == 0, grace_seconds)
            self._abandoned = True
        return ended

    # Clients

    def start_new(
        self,
        name: str,
        instance_id: str | None = None,
        input_json: str | None = None,
        version: str | None = None,
    ) -> str:
        """Start an orchestration and return its instance id; `input_json` is what a client would POST.

        Raises UnknownOrchestratorError, and InstanceExistsError while an instance of this id is not finished.
        """
        self._functions.require_orchestrator(name)
        new_id = instance_id or uuid.uuid4().hex
        self._dispatch(self._control.start_new(name, new_id, input_json, version))
        return new_id

    def status(self, instance_id: str) -> Instance | None:
        """Return the instance, or None if there is none."""
        return self._store.instance(instance_id)

    def query(
        self,
        statuses: Iterable[RuntimeStatus] = (),
        prefix: str = "",
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> list[Instance]:
        """Return the instances that match every given filter, oldest first."""
        return self._store.instances(statuses, prefix, created_from, created_to)

    def history(self, instance_id: str) -> list[Event]:
        """Return the recorded events of the instance's current generation."""
        return self._store.history(instance_id)

    def wait(self, instance_id: str, timeout: float) -> Instance:
        """Block until the instance is finished; TimeoutError (seconds, or the engine stops), UnknownInstanceError."""

        def finished() -> Instance | None:
            instance = self._store.instance(instance_id)
            if instance is None:
                raise UnknownInstanceError(f"No instance with ID '{instance_id}' found.")
            return instance if instance.runtime_status.terminal else None

        with self._finished:
            self._finished.wait_for(lambda: self._stopping or finished() is not None, timeout)
        instance = finished()
        if instance is None:
            raise TimeoutError(f"instance '{instance_id}' is not finished after {timeout} s")
        return instance

    def raise_event(self, instance_id: str, name: str, data_json: str | None = None) -> None:
        """Send an external event; `data_json` is what a client would POST."""
        self._dispatch(self._control.raise_event(instance_id, name, data_json))

    def terminate(self, instance_id: str, reason: str) -> None:
        """End an instance at once; its activities and children run on."""
        self._dispatch(self._control.terminate(instance_id, reason))

    def suspend(self, instance_id: str, reason: str) -> None:
        """Let an instance handle no message until it is resumed."""
        self._dispatch(self._control.suspend(instance_id, reason))

    def resume(self, instance_id: str, reason: str) -> None:
        """Let a suspended instance go on."""
        self._dispatch(self._control.resume(instance_id, reason))

    def purge(self, instance_id: str) -> bool:
        """Delete an instance, whatever it does; False if it is unknown."""
        return self._control.purge(instance_id)

    def restart(self, instance_id: str, *, with_new_id: bool = True) -> str:
        """Start an instance's function again on its input and return the id of the new instance."""
        new_id, outbox = self._control.restart(instance_id, with_new_id=with_new_id)
        self._dispatch(outbox)
        return new_id

    def rewind(self, instance_id: str, reason: str) -> None:
        """Let a failed instance run again from its failures on."""
        self._dispatch(self._control.rewind(instance_id, reason))

    # Dispatch

    def _dispatch(self, outbox: Outbox) -> None:
        for instance_id in outbox.ready:
            self._wake(instance_id)
        for work in outbox.activities:
            self._submit(self._activities, partial(self._run_activity, work))
        if outbox.timers:
            self._timers.add(outbox.timers)
        if outbox.finished:
            with self._finished:
                self._finished.notify_all()

    def _wake(self, instance_id: str) -> None:
        with self._lock:
            if instance_id in self._running:
                self._woken_again.add(instance_id)
                return
            self._running.add(instance_id)
        self._submit(self._orchestrators, partial(self._run_instance, instance_id))

    def _submit(self, pool: ThreadPoolExecutor, job: Callable[[], None]) -> None:
        with self._lock:
            if not self._stopping:
                pool.submit(self._guarded, job)

    def _guarded(self, job: Callable[[], None]) -> None:
        with self._counted():
            try:
                job()
            except Exception:
                # The store still holds the work; it is taken up again at the next start.
                log.exception("the engine failed")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._jobs += 1
        try:
            yield
        finally:
            with self._idle:
                self._jobs -= 1
                self._idle.notify_all()

    def _run_instance(self, instance_id: str) -> None:
        try:
            self._run_episode(instance_id)
        finally:
            with self._lock:
                self._running.discard(instance_id)
                again = instance_id in self._woken_again
                self._woken_again.discard(instance_id)
        if again:
            self._wake(instance_id)

    def _run_episode(self, instance_id: str) -> None:
        episode = self._hub.load(instance_id)
        if episode is not None:
            decision = decide_or_fail(self._functions, episode)
            self._dispatch(self._hub.commit(episode, decision))

    def _run_activity(self, work: ActivityWork) -> None:
        result = run_activity(self._functions, self._clock, work)
        if self._abandoned:  # too late, and perhaps cut short by the stop: the next start redelivers it
            return
        self._dispatch(self._hub.complete_activity(work, result))
