"""Kiln's REST API over stand-ins of builds and submissions, which only keep records and end as the template says.

The template's first customizer says how its runs end, its tag `submission` how its submission does. The stand-ins own
these ends; triggers, records and store are the real ones.
"""

# mypy: disable-error-code="untyped-decorator"
# The decorators of azure-functions-durable are untyped.

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

import triggers
from kiln.contracts.runs import BUILD_IMAGE, CANCEL, BuildRequest
from kiln.contracts.templates import DELETE_TEMPLATE, SUBMIT_TEMPLATE, TemplateRequest
from kiln.errors import AzureFailed, ErrorDetail
from kiln.ids import SubmissionRef
from kiln.runs.documents import documents
from kiln.runs.record import Phase, ProvisioningError, RunOutput, RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import abandon_deletion, add_output, annotate, enter_phase, finish, publish_outputs, settle

if TYPE_CHECKING:
    from collections.abc import Generator

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in triggers.blueprints:
    app.register_functions(blueprint)

GO_ON = "go on"
"""The event that a submission with the tag `wait` waits for."""
GALLERY_VERSION = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images/providers/Microsoft.Compute"
    "/galleries/gallery/images/hello/versions/1.0.0"
)


NO_SUCH_IMAGE = ProvisioningError(code="BadPIRSource", message="There is no image Debian debian-12 12-gen2.")


@app.orchestration_trigger(context_name="context", orchestration=SUBMIT_TEMPLATE.name)
def submit(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    request = context.get_input()
    if (yield context.call_activity("look", request)) == "wait":
        yield context.wait_for_external_event(GO_ON)
    yield context.call_activity("settle", request)


@app.activity_trigger(input_name="payload", activity="look")
def look(payload: Any) -> str:
    return str(Templates().require(SubmissionRef.model_validate(payload).template).body["tags"].get("submission"))


@app.activity_trigger(input_name="payload", activity="settle")
def end_submission(payload: Any) -> None:
    submission = SubmissionRef.model_validate(payload)

    def change(record: TemplateRecord) -> TemplateRecord:
        error = NO_SUCH_IMAGE if record.body["tags"].get("submission") == "fail" else None
        return settle(record, submission.version, datetime.now(UTC), error)

    Templates().update(submission.template, change)


@app.orchestration_trigger(context_name="context", orchestration=BUILD_IMAGE.name)
def build(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    request = context.get_input()
    does = yield context.call_activity("begin", request)
    if does == "wait":
        yield context.wait_for_external_event(CANCEL)
    yield context.call_activity("end", {**request, "does": does})


@app.activity_trigger(input_name="payload", activity="begin")
def begin(payload: Any) -> str:
    run = BuildRequest.model_validate(payload).run

    def change(record: RunRecord) -> RunRecord:
        return annotate(enter_phase(record, Phase.CUSTOMIZE, datetime.now(UTC)), Phase.CUSTOMIZE, "step 1 of 1")

    Runs().update(run.template, run.run_id, change)
    return str(Runs().require(run.template, run.run_id).body["properties"]["customize"][0]["inline"][0])


@app.activity_trigger(input_name="payload", activity="end")
def end(payload: Any) -> None:
    does = payload.pop("does")
    run = BuildRequest.model_validate(payload).run
    state = {"fail": RunState.FAILED, "wait": RunState.CANCELED}.get(does, RunState.SUCCEEDED)
    error = ErrorDetail(code="CustomizerFailed", message="Customizer 'a' ended with exit code 3.")
    output = RunOutput(name="gallery", kind="SharedImage", artifact_id=GALLERY_VERSION, regions=("westeurope",))

    def change(record: RunRecord) -> RunRecord:
        if state is RunState.SUCCEEDED:
            record = add_output(record, output)
        failed = error if state is RunState.FAILED else None
        message = failed.message if failed else ""
        return finish(record, state, datetime.now(UTC), message, error=failed, leftovers=())

    record = change(Runs().require(run.template, run.run_id))
    Templates().update(run.template, lambda template: publish_outputs(template, record))
    Runs().update(run.template, run.run_id, change)  # last: a client that sees the run over sees its outputs


@app.orchestration_trigger(context_name="context", orchestration=DELETE_TEMPLATE.name)
def delete(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    yield context.call_activity("forget", context.get_input())


@app.activity_trigger(input_name="payload", activity="forget")
def forget(payload: Any) -> None:
    template = TemplateRequest.model_validate(payload).template
    if template.name.startswith("stuck"):
        error = AzureFailed("delete the group", azure_code="ScopeLocked", azure_message="a lock")
        Templates().update(template, lambda record: abandon_deletion(record, error.detail))
        raise error
    if template.name.startswith("dead"):
        raise RuntimeError("it ends without a word")
    Runs().delete_all(template, lambda: True)
    documents().delete(Templates.path(template))
