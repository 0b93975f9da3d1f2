"""A template's version on its way in: checked against Azure, and settled, well or with its error."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from activities import checks
from activities.adapter import fence, implements
from kiln.contracts import CHECK_TEMPLATE, FINISH_SUBMISSION
from kiln.errors import PreconditionFailed, TemplateInvalid, TemplateRefused, provisioning_code
from kiln.ids import RunRef
from kiln.messages import Submitted
from kiln.planner.make_staging import make_staging
from kiln.runs.queue import new_run
from kiln.runs.record import ProvisioningError, ProvisioningState
from kiln.runs.store import Runs, Templates
from kiln.runs.transitions import settle
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from kiln.ids import SubmissionRef
    from kiln.messages import SubmissionReport
    from kiln.planner.staging import StagingSpec
    from kiln.runs.record import RunRecord, TemplateRecord
    from kiln.template.models import ImageTemplate


@implements(CHECK_TEMPLATE)
def check_template(submission: SubmissionRef) -> StagingSpec:
    """Check all that a template names, and return what it stands on. Raises `TemplateRefused` with every problem."""
    fence(submission)
    record = Templates().require(submission.template)
    template = _parsed(record)
    if found := checks.problems(template, record):
        raise TemplateRefused(found)
    return make_staging(
        template,
        template_id=record.id,
        version=submission.version,
        staging_group=record.staging_group,
        staging_given=record.staging_given,
        log_run_id=None,
    )


@implements(FINISH_SUBMISSION)
def finish_submission(report: SubmissionReport) -> Submitted:
    """Settle the version, and make the run that the template's autoRun asks for, unless another is going.

    A template that was changed or deleted meanwhile is left as it is.
    """
    submission, error = report.submission, report.error
    at = datetime.fromisoformat(report.at)
    problem = ProvisioningError(code=provisioning_code(error), message=error.sentence()) if error else None
    stored = Templates().get(submission.template)
    run = _automatic_run(stored.content, submission, at) if stored and problem is None else None

    def change(record: TemplateRecord) -> TemplateRecord:
        settled = settle(record, submission.version, at, problem)
        good = settled.version == submission.version and settled.provisioning_state is ProvisioningState.SUCCEEDED
        if run is None or not good or record.settled >= submission.version:
            return settled
        return settled.model_copy(update={"run_id": run.run_id})

    settled = Templates().update(submission.template, change)
    if run is None:
        return Submitted()
    if settled is None or settled.run_id != run.run_id:
        Runs().delete(run.template, run.run_id)
        return Submitted()
    return Submitted(run=RunRef(template=run.template, run_id=run.run_id), instance_id=run.instance_id)


def _automatic_run(record: TemplateRecord, submission: SubmissionRef, at: datetime) -> RunRecord | None:
    """Store and return the run that follows from a good submission. Time and id are its own, so it is made once."""
    if record.version != submission.version or _parsed(record).properties.auto_run.state != "Enabled":
        return None
    made = f"{record.id.key} {record.created.isoformat()} {submission.version}"
    run = new_run(record, at, hashlib.sha256(made.encode()).hexdigest()[:8])
    before = Runs().get(record.id, record.run_id) if record.run_id and record.run_id != run.run_id else None
    if before is not None and not before.state.is_final:
        return None
    try:
        Runs().create(run)
    except PreconditionFailed:
        return run  # an earlier try of this very call made it
    return run


def _parsed(record: TemplateRecord) -> ImageTemplate:
    try:
        return parse_template(record.body)
    except TemplateInvalid as error:  # stored by a version of Kiln whose rules were others
        raise TemplateRefused(error.detail.details or (error.detail,)) from error
