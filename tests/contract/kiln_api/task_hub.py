"""A task hub in memory in the place of the durable client, with which a test can stop between two steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.durable_functions import OrchestrationRuntimeStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Status:
    runtime_status: OrchestrationRuntimeStatus
    created_time: datetime


async def nothing() -> None:
    """Do nothing."""


@dataclass
class TaskHub:
    """Instances by id with their states, and the events that each was sent. `before_start` runs when one starts."""

    instances: dict[str, OrchestrationRuntimeStatus] = field(default_factory=dict)
    started: list[tuple[str, str]] = field(default_factory=list)
    events: list[tuple[str, str, Any]] = field(default_factory=list)
    before_start: Callable[[], Awaitable[None]] = nothing
    times: dict[str, datetime] = field(default_factory=dict)

    async def start_new(self, name: str, instance_id: str, client_input: Any) -> str:
        assert isinstance(client_input, dict)
        await self.before_start()
        if self.instances.get(instance_id) is OrchestrationRuntimeStatus.Running:
            raise Exception(f"{instance_id} is Running")  # noqa: TRY002  # as the SDK raises it
        self.instances[instance_id] = OrchestrationRuntimeStatus.Running
        self.started.append((name, instance_id))
        self.times[instance_id] = LONG_AGO + timedelta(seconds=len(self.started))
        return instance_id

    async def get_status(self, instance_id: str) -> Status | None:
        state = self.instances.get(instance_id)
        return Status(state, self.times.get(instance_id, LONG_AGO)) if state is not None else None

    async def raise_event(self, instance_id: str, name: str, data: Any) -> None:
        self.events.append((instance_id, name, data))
