"""Orchestrations as the API needs them: start one once, ask how it is, cancel it.

It owns the durable client's ways (untyped, and every failure a bare `Exception`); it knows no template and no store.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
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


_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any orchestration of Kiln's: the host wants a beginning (azure-functions-durable-python issue 560)."""


def _utc(moment: datetime) -> datetime:
    """Return the time as UTC, which the SDK's times are whether they say so or not."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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

    async def over(self, before: datetime) -> list[str]:
        """Return the ids of some orchestrations that are over and were created before then: a page of them.

        The host may read the two times as one or the other (azure-functions-durable-python issue 533), and the SDK
        follows no continuation token; so each is looked at here, and who has purged these asks again.
        """
        found = await self._client.get_status_by(_EPOCH, before, list(_LIFE))
        return [
            each.instance_id
            for each in found
            if each.runtime_status in _LIFE and each.created_time is not None and _utc(each.created_time) < before
        ]

    async def purge(self, instance_id: str, before: datetime) -> bool:
        """Delete the orchestration's history, unless it was started anew since `before`. Returns whether it did."""
        status = await self._client.get_status(instance_id)
        if not status or status.runtime_status not in _LIFE or _utc(status.created_time) >= before:
            return False
        await self._client.purge_instance_history(instance_id)
        return True

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
