"""Operations of clients on instances: start, signal, terminate, suspend, resume, restart, rewind, purge.

It owns what each operation writes; it must not know who asks, nor run anything itself.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devkit.host.protocol import Event, EventType, RuntimeStatus, event

if TYPE_CHECKING:
    from devkit.host.clock import Clock
    from devkit.host.records import Instance, Outbox
    from devkit.host.store import Store
    from devkit.host.taskhub import TaskHub


_LONGEST_ID = 256
_FORBIDDEN = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")


class UnknownInstanceError(LookupError):
    """There is no instance with this id."""


class InstanceIdError(ValueError):
    """A client may not give an instance this id (azure-functions-durable-extension `DurableClient.StartNewAsync`)."""


class Control:
    """Client operations on one task hub; each returns the work that it set free."""

    def __init__(self, hub: TaskHub, store: Store, clock: Clock) -> None:
        self._hub = hub
        self._store = store
        self._clock = clock

    def start_new(self, name: str, instance_id: str, input_json: str | None, version: str | None) -> Outbox:
        """Create an instance; InstanceIdError, InstanceExistsError while one of this id is not finished."""
        if instance_id.startswith("@") or len(instance_id) > _LONGEST_ID or _FORBIDDEN.search(instance_id):
            raise InstanceIdError(
                f"'{instance_id}' is no instance id: at most {_LONGEST_ID} characters, not beginning with @,"
                " and without /, \\, #, ? and control characters."
            )
        with self._hub.change() as outbox:
            self._hub.create(outbox, name, instance_id, input_json, version)
        return outbox

    def raise_event(self, instance_id: str, name: str, data_json: str | None) -> Outbox:
        """Send an external event with JSON data; nothing happens if the instance is finished or unknown."""
        return self._send(instance_id, EventType.EVENT_RAISED, Name=name, Input=data_json)

    def terminate(self, instance_id: str, reason: str) -> Outbox:
        """End an instance at its next episode; its activities and children run on."""
        return self._send(instance_id, EventType.EXECUTION_TERMINATED, Input=json.dumps(reason))

    def suspend(self, instance_id: str, reason: str) -> Outbox:
        """Let an instance handle no message until it is resumed."""
        return self._send(instance_id, EventType.EXECUTION_SUSPENDED, Reason=reason)

    def resume(self, instance_id: str, reason: str) -> Outbox:
        """Let a suspended instance go on."""
        return self._send(instance_id, EventType.EXECUTION_RESUMED, Reason=reason)

    def purge(self, instance_id: str) -> bool:
        """Delete an instance, whatever it does; False if it is unknown. Its sub-orchestrations stay.

        Whether it is over is not checked (DeleteAllDataForOrchestrationInstance of AzureTableTrackingStore in
        Azure/durabletask, 5217032); its children are not touched (azure-functions-durable-extension issue 704).
        """
        with self._hub.change():
            if self._store.instance(instance_id) is None:
                return False
            self._hub.forget(instance_id)
            return True

    def restart(self, instance_id: str, *, with_new_id: bool) -> tuple[str, Outbox]:
        """Start an instance's function again on its input, at this host's version (the client names none).

        Raises UnknownInstanceError, InstanceExistsError.
        """
        with self._hub.change() as outbox:
            old = self._existing(instance_id)
            new_id = uuid.uuid4().hex if with_new_id else instance_id
            self._hub.create(outbox, old.name, new_id, old.input)
        return new_id, outbox

    def rewind(self, instance_id: str, reason: str) -> Outbox:
        """Take the failures out of a failed instance's history, and of its failed children's, and go on.

        As with the extension it works where nothing was scheduled after the failure: ids must not shift.
        """
        with self._hub.change() as outbox:
            self._rewind(outbox, self._existing(instance_id), reason)
        return outbox

    def _existing(self, instance_id: str) -> Instance:
        instance = self._store.instance(instance_id)
        if instance is None:
            raise UnknownInstanceError(f"No instance with ID '{instance_id}' found.")
        return instance

    def _send(self, instance_id: str, kind: EventType, **fields: Any) -> Outbox:
        with self._hub.change() as outbox:
            self._hub.send(outbox, instance_id, event(kind, self._clock.now(), **fields))
        return outbox

    def _rewind(self, outbox: Outbox, instance: Instance, reason: str) -> None:
        history = self._store.history(instance.instance_id)
        failures = (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED)
        failed = {item["TaskScheduledId"] for item in history if item["EventType"] in failures}
        children = [
            item["InstanceId"]
            for item in history
            if item["EventType"] == EventType.SUB_ORCHESTRATION_CREATED and item["EventId"] in failed
        ]
        kept = [item for item in history if not _undone(item, failed)]
        self._store.delete_history(instance.instance_id)
        self._store.append_history(instance.instance_id, 0, kept)
        self._hub.reread(instance.instance_id)
        running = replace(instance, runtime_status=RuntimeStatus.RUNNING, output=None, updated=self._clock.now())
        self._store.put_instance(running)
        for child_id in children:
            child = self._store.instance(child_id)
            if child is not None and child.runtime_status is RuntimeStatus.FAILED:
                self._rewind(outbox, child, reason)
        marker = event(EventType.GENERIC, self._clock.now(), Data=f"Rewound: {reason}")
        self._hub.send(outbox, instance.instance_id, marker)


def _undone(item: Event, failed: set[int]) -> bool:
    kind = item["EventType"]
    if kind in (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED, EventType.EXECUTION_COMPLETED):
        return True
    return kind == EventType.TASK_SCHEDULED and item["EventId"] in failed
