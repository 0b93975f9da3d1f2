"""Work that a committed change of the task hub sets free; it must not know who does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from devkit.host.records import ActivityWork


@dataclass(slots=True)
class Outbox:
    """Instances that have messages, their timers, activities to run, and instances that have ended."""

    ready: list[str] = field(default_factory=list)
    timers: list[tuple[datetime, str]] = field(default_factory=list)
    activities: list[ActivityWork] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
