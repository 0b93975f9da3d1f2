"""The task hub: every change of durable state, each one transaction, each returning the work it sets free.

It owns how messages, episodes and results move through the store; it must not know of threads, of HTTP, or of what
functions do. Work is handed out only after its transaction has committed, so a killed host finds it all again.
"""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from devkit.host.episode import Decision, Episode, History, select
from devkit.host.messages import child_finished, child_refused, execution_started, timer_fired
from devkit.host.protocol import Event, EventType, RuntimeStatus, event, from_micros, to_micros
from devkit.host.records import ActivityWork, Instance, Outbox, Parent
from devkit.host.versioning import MISMATCH, Versioning
from devkit.host.work import ActivityCall, SubOrchestrationCall, Timer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from devkit.host.clock import Clock
    from devkit.host.store import Store

log = logging.getLogger(__name__)


class InstanceExistsError(Exception):
    """An instance with this id is still running."""


class TaskHub:
    """Durable operations on one store."""

    def __init__(self, store: Store, clock: Clock, versioning: Versioning | None = None) -> None:
        self._store = store
        self._clock = clock
        self._versioning = versioning or Versioning()
        self._histories: dict[str, tuple[str, History]] = {}

    @contextmanager
    def change(self) -> Iterator[Outbox]:
        """Open a transaction and give the outbox that it fills; hand the outbox out after the block."""
        outbox = Outbox()
        with self._store.transaction():
            yield outbox

    def recover(self) -> Outbox:
        """Forget what memory holds and find all unfinished work in the store."""
        self._histories.clear()
        now = self._clock.now()
        outbox = Outbox(activities=self._store.activities())
        for micros, instance_id in self._store.due_times():
            due = from_micros(micros)
            if due > now:
                outbox.timers.append((due, instance_id))
            elif instance_id not in outbox.ready:
                outbox.ready.append(instance_id)
        return outbox

    def create(
        self,
        outbox: Outbox,
        name: str,
        instance_id: str,
        input_json: str | None,
        version: str | None = None,
        parent: Parent | None = None,
    ) -> None:
        """Create an instance, by default of this host's version; InstanceExistsError if an old one is not finished."""
        existing = self._store.instance(instance_id)
        if existing is not None and not existing.runtime_status.terminal:
            raise InstanceExistsError(
                f"An Orchestration instance with the status {existing.runtime_status} already exists."
            )
        now = self._clock.now()
        self.forget(instance_id)
        instance = Instance(
            instance_id=instance_id,
            name=name,
            version=self._versioning.default if version is None else version,
            runtime_status=RuntimeStatus.PENDING,
            input=input_json,
            output=None,
            custom_status=None,
            created=now,
            updated=now,
            execution_id=uuid.uuid4().hex,
            parent=parent,
        )
        self._begin(outbox, instance, now)

    def send(self, outbox: Outbox, instance_id: str, message: Event, execution_id: str | None = None) -> bool:
        """Put a message, due now, into an inbox; False if nobody is there any more to read it."""
        instance = self._store.instance(instance_id)
        if instance is None or instance.runtime_status.terminal:
            return False
        if execution_id not in (None, instance.execution_id):
            return False
        self._store.push(instance_id, execution_id, to_micros(self._clock.now()), message)
        outbox.ready.append(instance_id)
        return True

    def complete_activity(self, work: ActivityWork, result: Event) -> Outbox:
        """Record an activity's result; a second result of the same activity is dropped."""
        with self.change() as outbox:
            if self._store.remove_activity(work.seq):
                self.send(outbox, work.instance_id, result, work.execution_id)
        return outbox

    def load(self, instance_id: str) -> Episode | None:
        """Return the next episode of an instance, or None if no message is due, or another host is to run it."""
        with self._store.transaction():
            instance = self._store.instance(instance_id)
            if instance is None or instance.runtime_status.terminal:
                self._store.clear_inbox(instance_id)
                return None
            now = self._clock.now()
            messages = self._store.inbox(instance_id, to_micros(now))
            suspended = instance.runtime_status is RuntimeStatus.SUSPENDED
            taken, suspended = select(messages, suspended=suspended)
            if not taken:
                return None
            ours = self._versioning.takes(instance.version)
            if not ours and not self._versioning.fails:
                log.warning("instance '%s' has version %s, which this host does not run", instance_id, instance.version)
                return None
            history, cold = self._history(instance)
            return Episode(instance, history, taken, suspended, now, cold, refused=None if ours else MISMATCH)

    def commit(self, episode: Episode, decision: Decision) -> Outbox:
        """Record an episode and everything it decided in one transaction."""
        try:
            return self._commit(episode, decision)
        except BaseException:
            # The cache may be ahead of what the transaction has rolled back.
            self.reread(episode.instance.instance_id)
            raise

    def _commit(self, episode: Episode, decision: Decision) -> Outbox:
        instance = episode.instance
        with self.change() as outbox:
            current = self._store.instance(instance.instance_id)
            if current is None or current.execution_id != instance.execution_id:
                return outbox  # purged or overwritten meanwhile
            self._store.take(episode.messages)
            if decision.custom_status is not None:
                instance = replace(instance, custom_status=decision.custom_status)
            completion = decision.completion
            if completion is not None and completion.status is RuntimeStatus.CONTINUED_AS_NEW:
                self._start_generation(outbox, replace(instance, input=completion.value), decision)
            else:
                self._record(outbox, episode, decision, instance)
        return outbox

    def forget(self, instance_id: str) -> None:
        """Delete an instance with everything that belongs to it."""
        self._store.delete_instance(instance_id)
        self._histories.pop(instance_id, None)

    def reread(self, instance_id: str) -> None:
        """Drop the cached history after the stored one was edited."""
        self._histories.pop(instance_id, None)

    def _begin(self, outbox: Outbox, instance: Instance, now: datetime) -> None:
        self._store.put_instance(instance)
        # Due before everything else, because a history must begin with it.
        self._store.push(instance.instance_id, instance.execution_id, 0, execution_started(instance, now))
        outbox.ready.append(instance.instance_id)

    def _history(self, instance: Instance) -> tuple[History, bool]:
        cached = self._histories.get(instance.instance_id)
        if cached is not None and cached[0] == instance.execution_id:
            return cached[1], False
        history = History()
        history.extend(self._store.history(instance.instance_id))
        self._histories[instance.instance_id] = (instance.execution_id, history)
        return history, True

    def _start_generation(self, outbox: Outbox, instance: Instance, decision: Decision) -> None:
        now = self._clock.now()
        self._store.delete_history(instance.instance_id)
        self._store.clear_inbox(instance.instance_id, keep_for_next_generation=True)
        self._histories.pop(instance.instance_id, None)
        fresh = replace(instance, execution_id=uuid.uuid4().hex, runtime_status=RuntimeStatus.RUNNING, updated=now)
        self._begin(outbox, fresh, now)
        for item in decision.carried:
            self.send(outbox, fresh.instance_id, item)

    def _record(self, outbox: Outbox, episode: Episode, decision: Decision, instance: Instance) -> None:
        now = self._clock.now()
        for work in decision.work:
            self._schedule(outbox, instance, work)
        self._store.drop_timers(instance.instance_id, instance.execution_id, decision.cancelled_timers)
        events = [*episode.new_events, *(work.recorded(now) for work in decision.work)]
        events.append(event(EventType.ORCHESTRATOR_COMPLETED, now))
        status = RuntimeStatus.SUSPENDED if episode.suspended else RuntimeStatus.RUNNING
        output = None
        if decision.completion is not None:
            status, output = decision.completion
            events.append(event(EventType.EXECUTION_COMPLETED, now, OrchestrationStatus=status.value, Result=output))
        self._store.append_history(instance.instance_id, len(episode.history.events), events)
        ended = replace(instance, runtime_status=status, output=output, updated=now)
        self._store.put_instance(ended)
        if status.terminal:
            self._finish(outbox, ended)
        else:
            episode.history.extend(events)

    def _finish(self, outbox: Outbox, instance: Instance) -> None:
        self._histories.pop(instance.instance_id, None)
        self._store.clear_inbox(instance.instance_id)
        outbox.finished.append(instance.instance_id)
        if instance.parent is not None:
            parent_id, execution_id, task_id = instance.parent
            self.send(outbox, parent_id, child_finished(instance, task_id), execution_id)

    def _schedule(self, outbox: Outbox, owner: Instance, work: ActivityCall | SubOrchestrationCall | Timer) -> None:
        owner_id, execution_id = owner.instance_id, owner.execution_id
        match work:
            case ActivityCall():
                seq = self._store.add_activity(owner_id, execution_id, work.task_id, work.name, work.payload)
                outbox.activities.append(
                    ActivityWork(seq, owner_id, execution_id, work.task_id, work.name, work.payload)
                )
            case SubOrchestrationCall():
                self._create_child(outbox, owner, work)
            case Timer(cancelled=False):
                due = to_micros(work.fire_at)
                self._store.push(owner_id, execution_id, due, timer_fired(work), timer=work.task_id)
                if work.fire_at > self._clock.now():
                    outbox.timers.append((work.fire_at, owner_id))
                else:
                    outbox.ready.append(owner_id)

    def _create_child(self, outbox: Outbox, owner: Instance, call: SubOrchestrationCall) -> None:
        # The extension serialises the SDK's JSON text once more; the SDK's get_input undoes it.
        input_json = None if call.payload is None else json.dumps(call.payload)
        parent = Parent(owner.instance_id, owner.execution_id, call.task_id)
        try:
            self.create(outbox, call.name, call.instance_id, input_json, call.version, parent)
        except InstanceExistsError as error:
            refused = child_refused(call, error, self._clock.now())
            self.send(outbox, owner.instance_id, refused, owner.execution_id)
