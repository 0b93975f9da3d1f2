"""The port to the task hub: starting an orchestration once, asking for its status, canceling it.

triggers/orchestrations.py implements it with the durable client. An instance may end, or be started by somebody else,
between any two calls: that is never a failure. A task hub that does not answer raises `TaskHubUnavailable`, within a
bounded time.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

    from kiln.contracts.base import Orchestrator


class RuntimeStatus(Enum):
    """The runtime status of an orchestration, as far as Kiln tells them apart."""

    MISSING = "never started"
    RUNNING = "going"
    COMPLETED = "completed"
    FAILED = "failed or terminated"


class Orchestrations(Protocol):
    """The orchestrations of this app's task hub, as one request, event or timer sees them."""

    async def status(self, instance_id: str) -> RuntimeStatus:
        """Return the orchestration's runtime status."""

    async def start(self, orchestrator: Orchestrator[Any, Any], instance_id: str, request: BaseModel) -> None:
        """Start the orchestration unless it is going already, or was started since `status` was called."""

    async def cancel(self, instance_id: str) -> bool:
        """Ask the orchestration to cancel itself. Returns False when it is not going."""
