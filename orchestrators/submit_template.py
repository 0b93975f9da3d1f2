"""Submission of a template's version: checked against Azure, then staged; then the run that its autoRun asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.contracts.runs import BUILD_IMAGE, BuildRequest
from kiln.contracts.templates import (
    BEGIN_AUTOMATIC_RUN,
    CHECK_IDLE,
    CHECK_TEMPLATE,
    FINISH_SUBMISSION,
    SUBMIT_TEMPLATE,
    SubmissionReport,
    TemplateRequest,
)
from kiln.errors import BuildError
from orchestrators.flow import Flow, orchestrator
from orchestrators.stage import stage
from orchestrators.waits import wait

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail
    from kiln.ids import SubmissionRef
    from orchestrators.flow import Steps


RUN_LIMIT = timedelta(hours=20)
"""The time that a run may still take: a template gives it 16 hours at the most, and then it cleans up."""


@orchestrator(SUBMIT_TEMPLATE, root=True)
def submit_template(flow: Flow, submission: SubmissionRef) -> Steps[Nothing]:
    """Check and stage one version of a template. Its record tells the outcome; this never raises for a bad template."""
    error = yield from _take_in(flow, submission)
    report = SubmissionReport(submission=submission, at=flow.stamp, error=error)
    yield from flow.run(FINISH_SUBMISSION, report)
    if error is None:
        yield from _build_automatically(flow, report)
    return Nothing()


def _build_automatically(flow: Flow, report: SubmissionReport) -> Steps[None]:
    """Build if the template's autoRun says so, after the run that is going."""
    while (begun := (yield from flow.run(BEGIN_AUTOMATIC_RUN, report))).busy:
        template = TemplateRequest(template=report.submission.template, made=report.submission.made)
        yield from wait(flow, CHECK_IDLE, template, doing="wait for the run that is going", within=RUN_LIMIT)
    if begun.run is not None and begun.instance_id is not None:
        yield from flow.call_known(BUILD_IMAGE, BuildRequest(run=begun.run), begun.instance_id)


def _take_in(flow: Flow, submission: SubmissionRef) -> Steps[ErrorDetail | None]:
    """Check and stage. Returns the error, if any; that of a superseded version has no effect when it is settled."""
    try:
        staging = yield from flow.run(CHECK_TEMPLATE, submission)
        yield from stage(flow, submission, staging)
    except BuildError as error:
        return error.detail
    return None
