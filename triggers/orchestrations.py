"""The task hub through the durable client: kiln.lifecycle's `Orchestrations`, and kiln.retention's `Histories`.

It owns the durable client's ways (untyped, and every failure a bare `Exception`); it knows no template and no store.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus

from kiln.contracts.base import encoded
from kiln.contracts.runs import CANCEL
from kiln.errors import TaskHubUnavailable
from kiln.lifecycle.orchestrations import RuntimeStatus
from kiln.redact import redact

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from datetime import datetime

    from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
    from pydantic import BaseModel

    from kiln.contracts.base import Orchestrator

T = TypeVar("T")
SECONDS = 20.0
"""The time for one question; the client itself waits four minutes (azure-functions-durable, utils/http_utils.py)."""
PURGE_SECONDS = 120.0
"""The time for a purge, which the host answers when all is deleted."""


_STATUSES = {
    OrchestrationRuntimeStatus.Completed: RuntimeStatus.COMPLETED,
    OrchestrationRuntimeStatus.Failed: RuntimeStatus.FAILED,
    OrchestrationRuntimeStatus.Terminated: RuntimeStatus.FAILED,
    OrchestrationRuntimeStatus.Canceled: RuntimeStatus.FAILED,
}


class DurableOrchestrations:
    """The orchestrations of this app's task hub, as one request sees them."""

    def __init__(self, client: DurableOrchestrationClient) -> None:
        self._client = client
        self._seen: dict[str, datetime | None] = {}
        """When each instance that was asked about had been started; None: never."""

    async def status(self, instance_id: str) -> RuntimeStatus:
        """Return how the orchestration is."""
        status = await self._status(instance_id)
        self._seen[instance_id] = status.created_time if status else None
        return _runtime_status(status)

    async def start(self, orchestrator: Orchestrator[Any, Any], instance_id: str, request: BaseModel) -> None:
        """Start the orchestration unless it is going already, or was started since `status` was asked."""
        try:
            await _asked(
                self._client.start_new(orchestrator.name, instance_id=instance_id, client_input=encoded(request))
            )
        except TaskHubUnavailable:
            status = await self._status(instance_id)
            before = self._seen.get(instance_id)
            if _runtime_status(status) is RuntimeStatus.RUNNING or (
                status is not None and status.created_time != before
            ):
                return  # another request started it first, or this one did and the answer was lost; it may be over
            raise

    async def purge(self, since: datetime, before: datetime) -> int:
        """Delete the histories of orchestrations that are over and were created in that time. Returns how many.

        The final states are always named: without any, the host also purges instances that still run
        (OrchestrationInstanceStatusQueryCondition in Azure/durabletask, 5217032). An instance that was started anew has
        a new creation time. Raises `TaskHubUnavailable`, caused by a `TimeoutError` if the host may still be deleting.
        """
        done = await _asked(self._client.purge_instance_history_by(since, before, list(_STATUSES)), PURGE_SECONDS)
        return int(done.instances_deleted)

    async def answers(self) -> bool:
        """Whether the task hub answers at all."""
        try:
            await self._status("nobody-has-this-id")
        except TaskHubUnavailable:
            return False
        return True

    async def cancel(self, instance_id: str) -> bool:
        """Ask the orchestration to cancel itself. Returns False when it is not going.

        Each request has a payload of its own: histories tell them apart.
        """
        if await self.status(instance_id) is not RuntimeStatus.RUNNING:
            return False
        try:
            await _asked(self._client.raise_event(instance_id, CANCEL, {"id": str(uuid.uuid4())}))
        except TaskHubUnavailable:
            if await self.status(instance_id) is RuntimeStatus.RUNNING:
                raise
            return False  # it ended in between
        return True

    async def _status(self, instance_id: str) -> DurableOrchestrationStatus | None:
        """Return what the task hub says, or None when it knows no such instance: 404, which has no body.

        The client also accepts a 500, and turns the error in it into a status without an instance.
        """
        status = await _asked(self._client.get_status(instance_id))
        if status:
            return status
        if status is not None and vars(status).get("message") != "":
            raise TaskHubUnavailable("it answered with an error of its own.")
        return None


def _runtime_status(status: DurableOrchestrationStatus | None) -> RuntimeStatus:
    return _STATUSES.get(status.runtime_status, RuntimeStatus.RUNNING) if status is not None else RuntimeStatus.MISSING


async def _asked(question: Awaitable[T], seconds: float = SECONDS) -> T:
    """Return the answer. Raises `TaskHubUnavailable`, also for a refusal: the client does not tell the two apart."""
    try:
        async with asyncio.timeout(seconds):
            return await question
    except TimeoutError as error:
        raise TaskHubUnavailable(f"not within {seconds:.0f} seconds.") from error
    except Exception as error:
        raise TaskHubUnavailable(redact(f"{type(error).__name__}: {error}").partition("\n")[0]) from error
