"""Records of the store as plain values: instances, messages and queued activities; and the outbox, work to hand out.

It owns their fields; it must not know of SQL or of how they are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from devkit.host.protocol import Event, RuntimeStatus


class Parent(NamedTuple):
    """The parent that a sub-orchestration reports to: instance, its generation, and the task in it."""

    instance_id: str
    execution_id: str
    task_id: int


@dataclass(frozen=True, slots=True)
class Instance:
    """One orchestration instance; input, output and custom status are JSON text, a failure's output is plain text."""

    instance_id: str
    name: str
    version: str | None
    runtime_status: RuntimeStatus
    input: str | None
    output: str | None
    custom_status: str | None
    created: datetime
    updated: datetime
    execution_id: str
    parent: Parent | None = None


class Message(NamedTuple):
    """One message in an instance's inbox."""

    seq: int
    event: Event


class ActivityWork(NamedTuple):
    """One activity to run, kept until its result is committed."""

    seq: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    payload: str | None


@dataclass(slots=True)
class Outbox:
    """Work that a committed change sets free: instances with messages, timers, activities; also ended instances."""

    ready: list[str] = field(default_factory=list)
    timers: list[tuple[datetime, str]] = field(default_factory=list)
    activities: list[ActivityWork] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
