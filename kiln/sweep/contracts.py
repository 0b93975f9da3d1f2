"""What is said of a sweep: what is lost, what is left, what became of it."""

from __future__ import annotations

from typing import Literal

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.errors import ErrorDetail
from kiln.ids import RunRef, TemplateId
from kiln.sweep.models import EndedRun, Leftover, Undeleted


class LostRun(Message):
    """A run that is not over, and whose orchestration is (`status` says how it was found)."""

    run: RunRef
    status: str


class LostRunClosing(Message):
    """A lost run's ledger is to be closed, at `at` (ISO 8601)."""

    lost: LostRun
    at: str


class LostTemplate(Message):
    """A template whose submission or deletion is not over, and whose orchestration is."""

    template: TemplateId
    what: Literal["submission", "deletion"]
    status: str


class SweepRequest(Message):
    """Sweep once, and end these runs. `problems` could not be looked at by whoever asks."""

    lost: tuple[LostRun, ...] = ()
    problems: tuple[str, ...] = ()


class SweepRound(Message):
    """A sweep, begun at `at` (ISO 8601)."""

    at: str
    lost: tuple[LostRun, ...] = ()
    problems: tuple[str, ...] = ()


class LostRunFacts(Message):
    """What a lost run's record tells, after its ledger was closed: `over` if it ended in the meantime after all."""

    over: bool
    canceled: bool = False
    error: ErrorDetail | None = None


class FoundLeftovers(Message):
    """What is nobody's: due in the order of tiers, too young, and how much more is due than one sweep deletes."""

    due: tuple[Leftover, ...] = ()
    young: tuple[Leftover, ...] = ()
    more: int = 0
    subscriptions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class SweepDone(Message):
    """What a sweep came to, at `at` (ISO 8601): it began at `began`."""

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
