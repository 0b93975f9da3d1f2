"""The submission of a template's version: its checks against Azure, its end, and the automatic run after it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from activities import checks
from activities.adapter import fence, implements
from kiln.contracts.base import Nothing
from kiln.contracts.templates import BEGIN_AUTOMATIC_RUN, CHECK_TEMPLATE, FINISH_SUBMISSION, Submitted
from kiln.errors import BeingDeleted, ResourceNotFound, Superseded, TemplateRefused, provisioning_code
from kiln.ids import RunRef
from kiln.planner.make_staging import make_staging
from kiln.runs.begin import Begun, InTheWay, NotDue, begin_run
from kiln.runs.installation import installation_in
from kiln.runs.naming import run_id, submit_instance
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningError, ProvisioningState
from kiln.runs.templates import Templates
from kiln.runs.transitions import settle
from kiln.template.parse import parse_for_build

if TYPE_CHECKING:
    from kiln.contracts.templates import SubmissionReport
    from kiln.errors import ErrorDetail
    from kiln.ids import SubmissionRef
    from kiln.planner.staging import StagingSpec
    from kiln.runs.record import RunRecord, TemplateRecord


@implements(CHECK_TEMPLATE)
def check_template(submission: SubmissionRef) -> StagingSpec:
    """Check all that a template names, and return what it stands on. Raises `TemplateRefused` with every problem."""
    fence(submission)
    stored = Templates().made(submission.template, submission.made)
    if stored is None:
        raise Superseded(submission.template.arm, submission.version)
    record = stored.content
    template = parse_for_build(record.body)
    if found := checks.problems(template, record):
        raise TemplateRefused(found)
    return make_staging(
        template,
        template_id=record.id,
        version=submission.version,
        made=submission.made,
        staging_group=record.staging_group,
        staging_given=record.staging_given,
        log_run_id=None,
        installation=installation_in(record.id.subscription),
    )


@implements(FINISH_SUBMISSION)
def finish_submission(report: SubmissionReport) -> Nothing:
    """Settle the version. A template that was changed or deleted meanwhile is left as it is."""
    submission, error = report.submission, report.error
    at = datetime.fromisoformat(report.at)
    problem = ProvisioningError(code=provisioning_code(error), message=_told(error)) if error else None
    Templates().update_made(
        submission.template, submission.made, lambda record: settle(record, submission.version, at, problem)
    )
    return Nothing()


def _told(error: ErrorDetail) -> str:
    """Return the error as one text; one of several problems has a line for each."""
    if not error.details:
        return error.sentence()
    lines = [_with_place(problem) for problem in error.details]
    if len(lines) == 1:
        return lines[0]
    return "\n".join([error.message, *(f"- {line}" for line in lines)])


def _with_place(problem: ErrorDetail) -> str:
    sentence = problem.sentence()
    told = problem.target is None or sentence.startswith(problem.target)
    return sentence if told else f"{problem.target}: {sentence}"


@implements(BEGIN_AUTOMATIC_RUN)
def begin_automatic_run(report: SubmissionReport) -> Submitted:
    """Begin the run that the template's autoRun asks for, once; say so when another run has to end first."""
    submission, at = report.submission, datetime.fromisoformat(report.at)
    stored = Templates().made(submission.template, submission.made)
    if stored is None:
        return Submitted()

    def make(record: TemplateRecord) -> RunRecord:
        if not _is_due(record, submission):
            raise NotDue
        return new_run(record, at, _suffix(record, submission), starter=submit_instance(record))

    try:
        met = begin_run(submission.template, run_id(at, _suffix(stored.content, submission)), make)
    except (NotDue, BeingDeleted, ResourceNotFound):
        return Submitted()
    match met:
        case InTheWay():
            return Submitted(busy=True)
        case Begun(run) if run.state.is_final:
            return Submitted()  # somebody canceled it before it was started
        case Begun(run):
            return Submitted(run=RunRef(template=run.template, run_id=run.run_id), instance_id=run.instance_id)


def _is_due(record: TemplateRecord, submission: SubmissionRef) -> bool:
    good = record.provisioning_state is ProvisioningState.SUCCEEDED
    return (
        good
        and record.created == submission.made
        and record.version == submission.version
        and parse_for_build(record.body).properties.auto_run.state == "Enabled"
    )


def _suffix(record: TemplateRecord, submission: SubmissionRef) -> str:
    """Return the end of the run id of a submission's automatic run: 8 hex digits, the same for the same submission."""
    made = f"{record.id.key} {record.created.isoformat()} {submission.version}"
    return hashlib.sha256(made.encode()).hexdigest()[:8]
