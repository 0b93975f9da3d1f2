from __future__ import annotations

from datetime import timedelta

from kiln.errors import ErrorDetail
from kiln.runs.record import Phase, ProvisioningState, RunOutput, RunState
from kiln.runs.resources import (
    error_body,
    last_run_status,
    run_output_resource,
    run_resource,
    template_resource,
    time_text,
)
from kiln.runs.transitions import annotate, enter_phase, finish, stop
from tests.unit.kiln.runs.records import BODY, NOW, WEB, run_record, template_record

BOOM = ErrorDetail(
    code="CustomizerFailed",
    message="It ended with exit code 3.",
    target="properties.customize[0]",
    details=(ErrorDetail(code="Inner", message="why"),),
    hint="See the log.",
)


def test_times_are_utc_with_milliseconds() -> None:
    assert time_text(NOW) == "2026-11-22T02:21:12.345Z"


def test_an_errors_hint_ends_its_message() -> None:
    assert error_body(BOOM) == {
        "code": "CustomizerFailed",
        "message": "It ended with exit code 3. See the log.",
        "target": "properties.customize[0]",
        "details": [{"code": "Inner", "message": "why"}],
    }


def test_a_template_is_shown_as_submitted_with_its_state() -> None:
    shown = template_resource(template_record(), None)
    assert shown["id"] == WEB.arm
    assert shown["type"] == "Microsoft.VirtualMachineImages/imageTemplates"
    assert shown["location"] == "West Europe"
    assert shown["tags"] == {}
    assert shown["properties"] == {
        **BODY["properties"],
        "provisioningState": "Creating",
        "exactStagingResourceGroup": f"/subscriptions/{WEB.subscription}/resourceGroups/IT_rg-images_web_3f9c8a1b",
    }
    assert "provisioningState" not in BODY["properties"]


def test_a_template_that_goes_says_so() -> None:
    going = template_record(provisioning_state=ProvisioningState.DELETING)
    assert template_resource(going, None)["properties"]["provisioningState"] == "Deleting"


def test_the_source_shows_what_it_was_at_the_latest_run() -> None:
    run = run_record(source_version="0.20260101.1")

    shown = template_resource(template_record(), run)["properties"]["source"]

    assert shown == {**BODY["properties"]["source"], "exactVersion": "0.20260101.1"}


def test_a_gallery_source_shows_the_id_that_latest_was() -> None:
    image = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x/images/y/versions"
    source = {"type": "SharedImageVersion", "imageVersionId": f"{image}/latest"}
    body = {**BODY, "properties": {**BODY["properties"], "source": source}}

    resource = template_resource(template_record(body=body), run_record(body=body, source_version="1.2.3"))

    assert resource["properties"]["source"] == {**source, "exactVersion": f"{image}/1.2.3"}


def test_a_source_that_no_run_had_shows_no_exact_version() -> None:
    other = {**BODY["properties"], "source": {**BODY["properties"]["source"], "version": "9.9.9"}}
    run = run_record(body={**BODY, "properties": other}, source_version="9.9.9")

    assert "exactVersion" not in template_resource(template_record(), run)["properties"]["source"]


def test_the_last_run_tells_where_it_is() -> None:
    run = annotate(enter_phase(run_record(), Phase.CUSTOMIZE, NOW), Phase.CUSTOMIZE, "step 2 of 3: packages")
    assert template_resource(template_record(), run)["properties"]["lastRunStatus"] == {
        "startTime": "2026-11-22T02:21:12.345Z",
        "runState": "Running",
        "runSubState": "Customizing",
        "message": "step 2 of 3: packages",
    }


def test_a_run_that_is_over_has_an_end_and_no_sub_state() -> None:
    over = finish(run_record(), RunState.FAILED, NOW + timedelta(minutes=3), "broken", BOOM, ())
    assert last_run_status(over) == {
        "startTime": "2026-11-22T02:21:12.345Z",
        "endTime": "2026-11-22T02:24:12.345Z",
        "runState": "Failed",
        "message": "broken",
    }


def test_a_run_is_shown_with_phases_outputs_error_and_leftovers() -> None:
    output = RunOutput(name="disk", kind="VHD", artifact_uri="https://a/b/c.vhd", error=BOOM)
    run = enter_phase(run_record(outputs=(output,), log_url="https://a/log", source_version="1.2.3"), Phase.PLAN, NOW)
    shown = run_resource(finish(run, RunState.FAILED, NOW, "broken", BOOM, ("/a/disk",)))
    assert shown["id"] == f"{WEB.arm}/runs/20261122-022112-3f9c8a1b"
    assert shown["properties"]["phases"] == [
        {"name": "plan", "state": "Succeeded", "startTime": time_text(NOW), "endTime": time_text(NOW)}
    ]
    assert shown["properties"]["outputs"] == [
        {"name": "disk", "kind": "VHD", "artifactUri": "https://a/b/c.vhd", "regions": [], "error": error_body(BOOM)}
    ]
    assert shown["properties"]["leftovers"] == ["/a/disk"]
    assert shown["properties"]["error"]["code"] == "CustomizerFailed"
    assert shown["properties"]["logLocation"] == "https://a/log"
    assert shown["properties"]["sourceVersion"] == "1.2.3"


def test_a_phase_that_failed_is_shown_with_its_error() -> None:
    run = stop(enter_phase(run_record(), Phase.CAPTURE, NOW), NOW, BOOM, canceled=False)
    (shown,) = run_resource(run)["properties"]["phases"]
    assert (shown["state"], shown["error"]) == ("Failed", error_body(BOOM))


def test_an_output_shows_what_it_is_alone() -> None:
    shown = run_output_resource(WEB, RunOutput(name="disk", kind="VHD", artifact_uri="https://a/b/c.vhd"))
    assert shown["id"] == f"{WEB.arm}/runOutputs/disk"
    assert shown["properties"] == {"artifactUri": "https://a/b/c.vhd", "provisioningState": "Succeeded"}
