"""Records as the REST API shows them: pure functions from stored documents to Image Builder's JSON resources.

It owns property names and shapes (source: the 2025-10-01 API definition of Microsoft.VirtualMachineImages, and
Resource Manager's own for operations and errors); it knows nothing of HTTP, of the store, or of the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.errors import provisioning_code
from kiln.ids import PROVIDER, group_id
from kiln.runs.record import ProvisioningError, ProvisioningState

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail
    from kiln.ids import TemplateId
    from kiln.runs.record import (
        PhaseRecord,
        RunOutput,
        RunRecord,
        TemplateRecord,
        TemplateVersion,
        TriggerRecord,
    )
    from kiln.runs.trigger_health import Health

TEMPLATE_TYPE = f"{PROVIDER}/imageTemplates"


def time_text(moment: datetime) -> str:
    """Return a time as Azure Resource Manager writes it: ISO 8601 in UTC, with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_body(detail: ErrorDetail) -> dict[str, Any]:
    """Return an error in ARM's shape. That has no field for the hint, so the hint ends the message."""
    message = f"{detail.message} {detail.hint}" if detail.hint else detail.message
    body: dict[str, Any] = {"code": detail.code, "message": message}
    if detail.target is not None:
        body["target"] = detail.target
    if detail.details:
        body["details"] = [error_body(each) for each in detail.details]
    return body


def template_resource(record: TemplateRecord, run: RunRecord | None) -> dict[str, Any]:
    """Return the template as Image Builder's resource; `run` is its latest run."""
    body = record.body
    properties = {
        **body["properties"],
        "source": _source(body["properties"]["source"], run),
        "provisioningState": record.provisioning_state.value,
        "exactStagingResourceGroup": group_id(record.id.subscription, record.staging_group),
    }
    if (error := why_failed(record)) is not None:
        properties["provisioningError"] = provisioning_error(error)
    if run is not None:
        properties["lastRunStatus"] = last_run_status(run)
    return {
        "id": record.id.arm,
        "name": record.id.name,
        "type": TEMPLATE_TYPE,
        "location": body["location"],
        "tags": body.get("tags", {}),
        "identity": body["identity"],
        "properties": properties,
    }


def _source(source: dict[str, Any], run: RunRecord | None) -> dict[str, Any]:
    """Return the source with the `exactVersion` that the latest run was built from, if that run had the same source."""
    version = run.source_version if run and run.body["properties"]["source"] == source else None
    if not version:
        return source
    if source["type"] == "SharedImageVersion":
        version = f"{source['imageVersionId'].rpartition('/')[0]}/{version}"
    return {**source, "exactVersion": version}


def why_failed(record: TemplateRecord) -> ProvisioningError | None:
    """Return why the template is Failed: it could not be deleted, or its submission failed."""
    if record.deletion_error is None:
        return record.provisioning_error
    return ProvisioningError(code=provisioning_code(record.deletion_error), message=record.deletion_error.sentence())


def provisioning_error(error: ProvisioningError) -> dict[str, Any]:
    """Return an error as Image Builder's `provisioningError`."""
    return {"provisioningErrorCode": error.code, "message": error.message}


def version_resource(template: TemplateId, version: TemplateVersion) -> dict[str, Any]:
    """Return one version of a template as Kiln's own child resource: the body as submitted, and how that ended."""
    return {
        "id": f"{template.arm}/versions/{version.version}",
        "name": str(version.version),
        "type": f"{TEMPLATE_TYPE}/versions",
        "properties": _present(
            since=time_text(version.since),
            provisioningState=version.state.value,
            provisioningError=provisioning_error(version.error) if version.error else None,
            template=version.body,
        ),
    }


def trigger_resource(
    record: TriggerRecord,
    obstacles: tuple[str, ...] = (),
    next_times: tuple[datetime, ...] = (),
    health: Health | None = None,
) -> dict[str, Any]:
    """Return a trigger as Image Builder's child resource.

    `obstacles` keep it from firing; `next_times` are a schedule's.

    Image Builder documents one status, Healthy with "Trigger is active."; the other statuses are Kiln's own.
    """
    if health is not None and health.is_deactivated and not obstacles:
        last = health.last.ended if health.last else None
        status = {"code": "Deactivated", "message": health.message, "time": time_text(last or record.changed)}
        return _trigger_resource(record, status)
    message = f"Trigger is not active: {' '.join(obstacles)}" if obstacles else "Trigger is active."
    status = _present(
        code="Inactive" if obstacles else "Healthy",
        message=message,
        time=time_text(record.changed),
        nextTimes=[time_text(moment) for moment in next_times] or None,
    )
    return _trigger_resource(record, status)


def _trigger_resource(record: TriggerRecord, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{record.template.arm}/triggers/{record.name}",
        "name": record.name,
        "type": f"{TEMPLATE_TYPE}/triggers",
        "properties": {
            **record.body["properties"],
            "provisioningState": ProvisioningState.SUCCEEDED.value,
            "status": status,
        },
    }


def last_run_status(run: RunRecord) -> dict[str, Any]:
    """Return a run as Image Builder's `lastRunStatus`."""
    return _present(
        startTime=time_text(run.requested),
        endTime=_optional_time(run.ended),
        runState=run.state.value,
        runSubState=run.sub_state.value if run.sub_state else None,
        message=run.message or _current_note(run),
    )


def run_output_resource(template: TemplateId, output: RunOutput) -> dict[str, Any]:
    """Return a run output as Image Builder's child resource."""
    return {
        "id": f"{template.arm}/runOutputs/{output.name}",
        "name": output.name,
        "type": f"{TEMPLATE_TYPE}/runOutputs",
        "properties": _present(
            artifactId=output.artifact_id, artifactUri=output.artifact_uri, provisioningState="Succeeded"
        ),
    }


def run_resource(run: RunRecord) -> dict[str, Any]:
    """Return a run as Kiln's own child resource, with everything that its record has."""
    return {
        "id": f"{run.template.arm}/runs/{run.run_id}",
        "name": run.run_id,
        "type": f"{TEMPLATE_TYPE}/runs",
        "properties": _present(
            runState=run.state.value,
            runSubState=run.sub_state.value if run.sub_state else None,
            startTime=time_text(run.requested),
            endTime=_optional_time(run.ended),
            message=run.message,
            templateVersion=run.version,
            overrides=run.overrides,
            retryOf=run.retry_of,
            trigger=run.cause.trigger if run.cause else None,
            error=error_body(run.error) if run.error else None,
            phases=[_phase(phase) for phase in run.phases],
            outputs=[_run_output(output) for output in run.outputs],
            sourceVersion=run.source_version,
            logLocation=run.log_url,
            leftovers=list(run.leftovers),
            kept=list(run.kept),
        ),
    }


def _phase(phase: PhaseRecord) -> dict[str, Any]:
    return _present(
        name=phase.name.value,
        state=phase.state.value,
        startTime=time_text(phase.started),
        endTime=_optional_time(phase.ended),
        note=phase.note,
        error=error_body(phase.error) if phase.error else None,
    )


def _run_output(output: RunOutput) -> dict[str, Any]:
    return _present(
        name=output.name,
        kind=output.kind,
        artifactId=output.artifact_id,
        artifactUri=output.artifact_uri,
        regions=list(output.regions),
        error=error_body(output.error) if output.error else None,
    )


def _current_note(run: RunRecord) -> str:
    """Return the progress of the latest phase, in one line."""
    note = run.phases[-1].note if run.phases else None
    return note or ""


def _optional_time(moment: datetime | None) -> str | None:
    return time_text(moment) if moment else None


def _present(**members: Any) -> dict[str, Any]:
    """Return the members that have a value: ARM leaves out the others."""
    return {name: value for name, value in members.items() if value is not None}
