"""The port to the task hub: start an orchestration once, ask how it is, cancel it.

triggers/orchestrations.py implements it with the durable client. An instance may end, or be started by somebody else,
between any two questions: that is never a failure. What cannot be asked is told as `TaskHubUnavailable`, within a
bounded time.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pydantic import BaseModel

    from kiln.contracts.base import Orchestrator


class RuntimeStatus(Enum):
    """How an orchestration is, as far as anybody has to tell apart."""

    MISSING = "never started"
    RUNNING = "going"
    COMPLETED = "completed"
    FAILED = "failed or terminated"


class Orchestrations(Protocol):
    """The orchestrations of this app's task hub, as one request, event or timer sees them."""

    async def status(self, instance_id: str) -> RuntimeStatus:
        """Return how the orchestration is."""

    async def start(self, orchestrator: Orchestrator[Any, Any], instance_id: str, request: BaseModel) -> None:
        """Start the orchestration unless it is going already, or was started since `status` was asked."""

    async def cancel(self, instance_id: str) -> bool:
        """Ask the orchestration to cancel itself. Returns False when there is nothing going that could."""
