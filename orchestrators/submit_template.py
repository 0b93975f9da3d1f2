"""A template's version on its way in: checked against Azure, then staged; and the run that its autoRun asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import BUILD_IMAGE, CHECK_TEMPLATE, FINISH_SUBMISSION, STAGE, SUBMIT_TEMPLATE
from kiln.errors import BuildError
from kiln.messages import BuildRequest, Nothing, StagingRequest, SubmissionReport
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail
    from kiln.ids import SubmissionRef
    from orchestrators.flow import Steps


@orchestrator(SUBMIT_TEMPLATE, root=True)
def submit_template(flow: Flow, submission: SubmissionRef) -> Steps[Nothing]:
    """Take in one version of a template. Its record says how that went; this never raises for a bad template."""
    error = yield from _take_in(flow, submission)
    report = SubmissionReport(submission=submission, at=flow.stamp, error=error)
    submitted = yield from flow.run(FINISH_SUBMISSION, report)
    if submitted.run is not None and submitted.instance_id is not None:
        yield from flow.call_known(BUILD_IMAGE, BuildRequest(run=submitted.run), submitted.instance_id)
    return Nothing()


def _take_in(flow: Flow, submission: SubmissionRef) -> Steps[ErrorDetail | None]:
    """Check and stage. Returns what is wrong; a superseded version is told of as well, and settled without effect."""
    try:
        staging = yield from flow.run(CHECK_TEMPLATE, submission)
        yield from flow.call(STAGE, StagingRequest(owner=submission, staging=staging), "stage")
    except BuildError as error:
        return error.detail
    return None
