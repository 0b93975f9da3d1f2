"""The result of a flow test: outcome, activity calls in order, histories.

It owns plain values; it must not know how they came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from devkit.host.protocol import Event, RuntimeStatus


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a fake activity, at a virtual time; a redelivered activity has a call for each run."""

    name: str
    input: Any
    instance_id: str
    at: datetime
    output: Any = None
    error: str | None = None
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class FlowResult:
    """The end of a flow. `output` is the decoded return value, `error` a failure's or termination's text."""

    instance_id: str
    status: RuntimeStatus
    output: Any
    error: str | None
    custom_status: Any
    calls: tuple[Call, ...]
    histories: dict[str, list[Event]]
    started: datetime
    finished: datetime
    steps: int

    @property
    def elapsed(self) -> timedelta:
        """Virtual time from start to end."""
        return self.finished - self.started

    @property
    def activity_names(self) -> list[str]:
        """Names of the activities in the order in which they ran."""
        return [call.name for call in self.calls]

    def calls_of(self, name: str) -> list[Call]:
        """Return the calls of one activity, in order."""
        return [call for call in self.calls if call.name == name]
