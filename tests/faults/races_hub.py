"""A task hub in memory that several processes share: which instances were started, and which were told to cancel."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.managers import BaseManager
from typing import Any

from azure.durable_functions import OrchestrationRuntimeStatus


class Hub:
    """The hub itself, safe to use from any process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: list[tuple[str, str]] = []
        self._canceled: list[str] = []

    def start(self, name: str, instance_id: str) -> bool:
        """Start an instance; False if it is going already."""
        with self._lock:
            if self.is_started(instance_id):
                return False
            self._started.append((name, instance_id))
            return True

    def is_started(self, instance_id: str) -> bool:
        """Whether an instance was started."""
        return any(started == instance_id for _, started in self._started)

    def cancel(self, instance_id: str) -> None:
        """Remember that an instance was told to cancel."""
        with self._lock:
            self._canceled.append(instance_id)

    def told(self) -> tuple[list[tuple[str, str]], list[str]]:
        """Return the started instances, as name and id, and those that were told to cancel."""
        return self._started, self._canceled

    def forget(self) -> None:
        """Begin anew."""
        self._started, self._canceled = [], []


class Hubs(BaseManager):
    """The process in which the one hub lives."""


_HUB = Hub()


def _the_hub() -> Hub:
    return _HUB


Hubs.register("hub", _the_hub)


@dataclass(frozen=True)
class Status:
    """A durable client's answer about an instance."""

    runtime_status: OrchestrationRuntimeStatus
    created_time: datetime = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Client:
    """The calls of a durable client that the API makes, on a hub in any process."""

    hub: Any

    async def start_new(self, name: str, instance_id: str, client_input: Any) -> str:
        """Start an instance. Raises Exception, as the SDK does, if it runs already."""
        assert isinstance(client_input, dict)
        if not self.hub.start(name, instance_id):
            raise Exception(f"{instance_id} is Running")  # noqa: TRY002 - as the SDK raises it
        return instance_id

    async def get_status(self, instance_id: str) -> Status | None:
        """Return an instance's status, or None."""
        return Status(OrchestrationRuntimeStatus.Running) if self.hub.is_started(instance_id) else None

    async def raise_event(self, instance_id: str, event_name: str, event_data: Any) -> None:
        """Send an event, of which the API knows one."""
        assert (event_name, bool(event_data)) == ("cancel", True)
        self.hub.cancel(instance_id)
