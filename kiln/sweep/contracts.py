"""Contracts of the sweeper: the activities and the orchestrator of a sweep, with their messages."""

from __future__ import annotations

from typing import Literal

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.errors import ErrorDetail
from kiln.ids import RunRef, TemplateId
from kiln.sweep.models import EndedRun, Leftover, Undeleted


class LostRun(Message):
    """A lost run: it is not over, but its orchestration is. `status` is the orchestration's runtime status."""

    run: RunRef
    status: str


class LostRunClosing(Message):
    """A request to close a lost run's ledger, at `at` (ISO 8601)."""

    lost: LostRun
    at: str


class LostTemplate(Message):
    """A template with a lost submission or deletion: that is not over, but its orchestration is."""

    template: TemplateId
    what: Literal["submission", "deletion"]
    status: str


class SweepRequest(Message):
    """A request for a sweep that also ends these lost runs. `problems` says what the caller could not examine."""

    lost: tuple[LostRun, ...] = ()
    problems: tuple[str, ...] = ()


class SweepRound(Message):
    """A sweep that began at `at` (ISO 8601)."""

    at: str
    lost: tuple[LostRun, ...] = ()
    problems: tuple[str, ...] = ()


class LostRunFacts(Message):
    """A lost run's record after its ledger was closed: `over` is true if the run ended by itself meanwhile."""

    over: bool
    canceled: bool = False
    error: ErrorDetail | None = None


class FoundLeftovers(Message):
    """The leftovers that a sweep found: `due` in the order of tiers, `young` too young to delete.

    `more` counts those that are due beyond what one sweep deletes.
    """

    due: tuple[Leftover, ...] = ()
    young: tuple[Leftover, ...] = ()
    more: int = 0
    subscriptions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class SweepDone(Message):
    """The result of a sweep that began at `began` and ended at `at` (ISO 8601)."""

    began: str
    at: str
    found: FoundLeftovers
    left: tuple[Undeleted, ...] = ()
    runs: tuple[EndedRun, ...] = ()
    problems: tuple[str, ...] = ()


CLOSE_LOST_RUN = Activity("close_lost_run", LostRunClosing, LostRunFacts)
FIND_LEFTOVERS = Activity("find_leftovers", SweepRound, FoundLeftovers)
RECORD_SWEEP = Activity("record_sweep", SweepDone, Nothing)
SWEEP = Orchestrator("sweep", SweepRequest, Nothing)
SWEEP_ROUND = Orchestrator("sweep_round", SweepRound, Nothing)
END_LOST_RUN = Orchestrator("end_lost_run", LostRun, EndedRun)
