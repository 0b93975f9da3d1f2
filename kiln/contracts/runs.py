"""Contracts of a run: its request, its plan, its progress and its end."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Orchestrator
from kiln.errors import ErrorDetail
from kiln.ids import RunRef
from kiln.planner.plan import Plan
from kiln.runs.record import Phase, PhaseState, RunOutput, RunState

CANCEL = "cancel"
"""The external event that cancels a build."""


class BuildRequest(Message):
    """Start a build: the run's record is already stored."""

    run: RunRef


class RunTerms(Message):
    """The template's terms of its run, known before anything is planned: the time limit, and what is kept on errors."""

    timeout_minutes: int
    keep_on_customizer_error: bool = False
    keep_on_validation_error: bool = False


class ProgressReport(Message):
    """A phase began at `at` (ISO 8601), or (with a `note`) has come as far as the note says."""

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


class OutputReport(Message):
    """The output that was made for one target."""

    run: RunRef
    output: RunOutput


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
    """The result of the phases up to distribution.

    A failed validation (`invalid`) fails the run even if its image is distributed.
    """

    outputs: tuple[RunOutput, ...] = ()
    invalid: ErrorDetail | None = None


BEGIN_RUN = Activity("begin_run", ProgressReport, RunTerms)
MAKE_PLAN = Activity("make_plan", RunRef, Plan)
REPORT_PROGRESS = Activity("report_progress", ProgressReport, Nothing)
END_PHASE = Activity("end_phase", PhaseReport, Nothing)
REPORT_OUTPUT = Activity("report_output", OutputReport, Nothing)
REPORT_STOP = Activity("report_stop", StopReport, Nothing)
FINISH_RUN = Activity("finish_run", FinishReport, Nothing)
BUILD_IMAGE = Orchestrator("build_image", BuildRequest, Nothing)
MAKE_IMAGE = Orchestrator("make_image", BuildRequest, Outcome)
