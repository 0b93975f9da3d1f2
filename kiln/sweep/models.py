"""What the sweeper finds and what it makes of it, as data.

It owns the shapes that travel and are kept; decide.py says what is a leftover, and the store keeps the report.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from kiln.ids import RunRef
from kiln.runs.ledger import LedgerEntry
from kiln.runs.record import RunState

GRACE = timedelta(minutes=30)
"""What was somebody's so lately is left alone: far longer than any call that may still be under way."""


class Model(BaseModel):
    """Base of these: exact and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tagged(Model):
    """A resource with this Kiln's tag: its ARM id, its type and all its tags."""

    id: str
    type: str
    tags: dict[str, str]


class TaggedGroup(Model):
    """A resource group with this Kiln's tag. By other tags `own` tells that Kiln made it, `user` for which template.

    `mark` is all of these tags, as they were.
    """

    id: str
    own: bool
    user: str | None = None
    mark: dict[str, str]


class Leftover(Model):
    """Something that is nobody's any more: `why`, since when (the oldest time that is sure), and of which run.

    `from_ledger` tells that the run's own ledger named it: it could not be deleted when the run ended. `is_gone` tells
    that nothing is there now; it is deleted once more, since what was under way when its run ended may yet come to be.
    """

    entry: LedgerEntry
    why: str
    since: datetime
    run: RunRef | None = None
    from_ledger: bool = False
    is_gone: bool = False


class Undeleted(Model):
    """A leftover that could not be deleted, and Azure's reason."""

    leftover: Leftover
    reason: str


class EndedRun(Model):
    """A run that nobody worked on any more, and how it ended; without a `state` it had by itself, meanwhile."""

    run: RunRef
    state: RunState | None = None
    message: str = ""


class SweepReport(Model):
    """What a sweep did. `seen` is since when what is still there has been known to be nobody's, by ARM id.

    `subscriptions` were looked at. `more` counts what the next sweep has to delete;
    `documents` what was removed from the store. `problems` could not be looked at.
    """

    began: datetime
    ended: datetime
    subscriptions: tuple[str, ...] = ()
    runs: tuple[EndedRun, ...] = ()
    deleted: tuple[Leftover, ...] = ()
    left: tuple[Undeleted, ...] = ()
    more: int = 0
    documents: int = 0
    problems: tuple[str, ...] = ()
    seen: dict[str, datetime] = Field(default_factory=dict)
