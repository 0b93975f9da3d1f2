"""What is said of a run: its request, its progress, its clean-up, its end."""

from __future__ import annotations

from typing import Literal

from kiln.errors import ErrorDetail
from kiln.ids import RunRef
from kiln.messages.base import Message
from kiln.runs.record import LedgerEntry, Phase, PhaseState, RunOutput, RunState

CANCEL = "cancel"
"""The external event that cancels a build."""


class BuildRequest(Message):
    """Start a build: the run's record is already stored."""

    run: RunRef


class RunTerms(Message):
    """What the template itself says of its run, before anything is planned: how long it may take, and what stays."""

    timeout_minutes: int
    keep_on_customizer_error: bool = False
    keep_on_validation_error: bool = False


class ProgressReport(Message):
    """A phase began at `at` (ISO 8601), or, with a `note`, is somewhere."""

    run: RunRef
    phase: Phase
    at: str
    note: str | None = None


class PhaseReport(Message):
    """A phase ended at `at` (ISO 8601) with an error, and the run goes on."""

    run: RunRef
    phase: Phase
    at: str
    state: PhaseState
    error: ErrorDetail


class Deletions(Message):
    """Deletions that are due, in the order of their tiers, and the ARM ids of what is kept on purpose."""

    entries: tuple[LedgerEntry, ...] = ()
    kept: tuple[str, ...] = ()


class CloseRequest(Message):
    """The run's ledger is to be closed. What belongs to the machines in `keep` stays."""

    run: RunRef
    keep: tuple[Literal["build", "validation"], ...] = ()


class DeleteRequest(Message):
    """One resource to be deleted."""

    entry: LedgerEntry


class StopReport(Message):
    """The build ended early, at `at` (ISO 8601)."""

    run: RunRef
    at: str
    error: ErrorDetail
    canceled: bool


class FinishReport(Message):
    """The run is over, at `at` (ISO 8601)."""

    run: RunRef
    at: str
    state: RunState
    message: str
    error: ErrorDetail | None = None
    outputs: tuple[RunOutput, ...] = ()
    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class Outcome(Message):
    """What the phases up to distribution came to.

    A failed validation (`invalid`) fails the run even where its image is distributed.
    """

    outputs: tuple[RunOutput, ...] = ()
    invalid: ErrorDetail | None = None


class CleanedUp(Message):
    """Resources that could not be deleted, each with its reason, and the ARM ids of what is kept on purpose."""

    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
