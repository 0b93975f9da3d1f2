"""Contracts of a template's submission and its deletion."""

from __future__ import annotations

from datetime import datetime

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator, Progress
from kiln.contracts.clean_up import Deletions
from kiln.errors import ErrorDetail
from kiln.ids import RunRef, SubmissionRef, TemplateId
from kiln.planner.staging import StagingSpec


class SubmissionReport(Message):
    """A submission ended, at `at` (ISO 8601), well or with `error`."""

    submission: SubmissionRef
    at: str
    error: ErrorDetail | None = None


class Submitted(Message):
    """The run that follows from a submission, if the template's autoRun asks for one, and its orchestration's id.

    `busy` says that the run is due, but another run of the template is going.
    """

    run: RunRef | None = None
    instance_id: str | None = None
    busy: bool = False


class TemplateRequest(Message):
    """One template. `made` tells it from earlier ones with the same name."""

    template: TemplateId
    made: datetime


class DeletionFailure(Message):
    """The template that was made at `made` could not be deleted, because of `error`."""

    template: TemplateId
    made: datetime
    error: ErrorDetail


CHECK_TEMPLATE = Activity("check_template", SubmissionRef, StagingSpec)
FINISH_SUBMISSION = Activity("finish_submission", SubmissionReport, Nothing)
BEGIN_AUTOMATIC_RUN = Activity("begin_automatic_run", SubmissionReport, Submitted)
CHECK_IDLE = Activity("check_idle", TemplateRequest, Progress)
LIST_STAGED = Activity("list_staged", TemplateRequest, Deletions)
START_DELETE_GROUP = Activity("start_delete_group", TemplateRequest, Operation)
FORGET_TEMPLATE = Activity("forget_template", TemplateRequest, Nothing)
FAIL_DELETION = Activity("fail_deletion", DeletionFailure, Nothing)
SUBMIT_TEMPLATE = Orchestrator("submit_template", SubmissionRef, Nothing)
DELETE_TEMPLATE = Orchestrator("delete_template", TemplateRequest, Nothing)
