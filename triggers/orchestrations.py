"""Orchestrations as the API needs them: start one once, ask how it is, cancel it.

It owns the durable client's ways (untyped, and every failure a bare `Exception`); it knows no template and no store.
"""

from __future__ import annotations

import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any

from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus

from kiln.messages import CANCEL

if TYPE_CHECKING:
    from pydantic import BaseModel

    from kiln.contracts import Orchestrator, RequestT


class Life(Enum):
    """How an orchestration is, as far as the API has to tell apart."""

    NONE = "never started"
    GOING = "going"
    DONE = "completed"
    BROKEN = "failed or terminated"


_LIFE = {
    OrchestrationRuntimeStatus.Completed: Life.DONE,
    OrchestrationRuntimeStatus.Failed: Life.BROKEN,
    OrchestrationRuntimeStatus.Terminated: Life.BROKEN,
    OrchestrationRuntimeStatus.Canceled: Life.BROKEN,
}


class Orchestrations:
    """The orchestrations of this app's task hub."""

    def __init__(self, client: DurableOrchestrationClient) -> None:
        self._client = client

    async def life(self, instance_id: str) -> Life:
        """Return how the orchestration is."""
        status = await self._client.get_status(instance_id)
        return _LIFE.get(status.runtime_status, Life.GOING) if status else Life.NONE

    async def start(self, orchestrator: Orchestrator[RequestT, Any], instance_id: str, request: BaseModel) -> None:
        """Start the orchestration unless it is going already."""
        try:
            await self._client.start_new(
                orchestrator.name, instance_id=instance_id, client_input=request.model_dump(mode="json")
            )
        except Exception:
            if await self.life(instance_id) is not Life.GOING:  # else another request started it first
                raise

    async def cancel(self, instance_id: str) -> bool:
        """Ask the orchestration to cancel itself. Returns False when there is nothing going that could.

        Each request has a payload of its own: histories tell them apart.
        """
        if await self.life(instance_id) is not Life.GOING:
            return False
        try:
            await self._client.raise_event(instance_id, CANCEL, {"id": str(uuid.uuid4())})
        except Exception:
            if await self.life(instance_id) is Life.GOING:
                raise
            return False  # it ended in between
        return True
