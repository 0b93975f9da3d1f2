"""Data of the sweeper: tagged resources, leftovers, ended runs and the report.

It owns their shapes, in messages and in the store; decide.py decides what is a leftover.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from kiln.ids import RunRef
from kiln.runs.ledger import LedgerEntry
from kiln.runs.record import RunState

GRACE = timedelta(minutes=30)
"""The least age of a leftover before it is deleted: far longer than any call that may still be under way."""


class Model(BaseModel):
    """Base of the sweeper's data: immutable, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tagged(Model):
    """A resource with this installation's tag: its ARM id, its type and all its tags."""

    id: str
    type: str
    tags: dict[str, str]


class TaggedGroup(Model):
    """A resource group with this installation's tag. By its other tags, Kiln made it (`own`), for a template (`user`).

    `mark` has all these tags, as they were read.
    """

    id: str
    own: bool
    user: str | None = None
    mark: dict[str, str]


class Leftover(Model):
    """A resource that Kiln made and nobody needs any more: `why`, since when at least, and which run made it.

    `from_ledger` is true if the run's own ledger named it: it could not be deleted when the run ended. `is_gone` is
    true if it does not exist now; it is deleted all the same, since a call that was under way when the run ended may
    still make it.
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
    """A lost run and how it ended; without a `state` it had ended by itself meanwhile."""

    run: RunRef
    state: RunState | None = None
    message: str = ""


class SweepReport(Model):
    """The report of a sweep. `subscriptions` were searched; `problems` says what could not be.

    `more` counts the leftovers that the next sweep has to delete, `documents` those removed from the store. `seen` says
    since when each remaining leftover has been known as one, by ARM id.
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
