"""Whole builds by the real activities: resources that are made, scripts in the machines, remains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devkit.guests.scripted.rules import Rule
from kiln import blob_urls, blobs
from kiln.cloud import restarts
from kiln.cloud.staging import ARTIFACTS, LOGS, VHDS
from kiln.retention.old_versions import delete_artifacts
from kiln.retention.run_logs import delete_logs
from kiln.runs.record import RunState
from tests.flows.local_azure.kiln import STAGED, gallery, managed_image, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.local_azure.kiln import Kiln

EXAMPLES = Path(__file__).parents[3] / "examples"


def example(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((EXAMPLES / name).read_text())
    return body


def submitted(kiln: Kiln) -> Kiln:
    kiln.submit()
    assert kiln.template.provisioning_state == "Succeeded", kiln.template.provisioning_error
    return kiln


def test_a_submitted_template_is_built_distributed_and_deleted(kiln: Callable[..., Kiln]) -> None:
    hello = kiln(template(distribute=[gallery("northeurope"), {"type": "VHD", "runOutputName": "vhd"}]))

    submitted(hello)
    assert hello.resources() == STAGED

    run = hello.build()
    assert run.state == "Succeeded", run.message
    outputs = {output.name: output for output in run.outputs}
    assert outputs["gallery"].regions == ("westeurope", "northeurope")
    assert outputs["vhd"].artifact_uri is not None
    assert hello.resources() == STAGED

    assert hello.delete().status == "Completed"


def test_all_logs_of_a_build_are_known_as_its_own_and_all_artifacts_as_their_version_s(
    kiln: Callable[..., Kiln],
) -> None:
    body = example("validate.json")
    body["properties"]["distribute"] = [{"type": "VHD", "runOutputName": "vhd"}]
    built = submitted(kiln(body))
    run = built.build()
    assert run.state == "Succeeded", run.message
    assert run.log_url is not None
    account = blobs.account(blob_urls.parts(run.log_url).account)
    logs, artifacts, vhds = (account.get_container_client(name) for name in (LOGS, ARTIFACTS, VHDS))
    there = set(logs.list_blob_names())
    assert {f"{run.run_id}/customization.log", f"{run.run_id}/validation.log"} < there
    assert list(artifacts.list_blob_names())

    assert delete_logs(run) == len(there)
    delete_artifacts(account, run.version)

    assert list(logs.list_blob_names()) == list(artifacts.list_blob_names()) == []
    assert list(vhds.list_blob_names()) == [f"{run.run_id}/vhd.vhd"]


def test_a_linux_machine_restarts_between_its_customizers(kiln: Callable[..., Kiln]) -> None:
    restarting = submitted(kiln(example("linux-restart.json")))

    run = restarting.build()

    assert run.state == "Succeeded", run.message
    before, mark, check, after, generalize = restarting.scripts["build"]
    assert "boot-before" in before
    assert "/var/lib/kiln-boot" in mark
    assert "/var/lib/kiln-boot" in check
    assert "another boot" in after
    assert "waagent" in generalize


def test_a_machine_is_asked_until_it_is_in_another_boot(
    kiln: Callable[..., Kiln], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "PAUSE", 0.0)  # real seconds, while virtual minutes pass
    restarting = submitted(kiln(example("linux-restart.json")))
    restarting.azure.guests.rules.append(Rule(matches=b"not restarted yet", exit_code=75, times=2))

    run = restarting.build()

    assert run.state == "Succeeded", run.message
    assert sum("not restarted yet" in script for script in restarting.scripts["build"]) == 3


def test_a_windows_machine_restarts_and_is_updated_in_rounds_and_its_image_is_tested(
    kiln: Callable[..., Kiln],
) -> None:
    windows = submitted(kiln(example("windows.json")))
    windows.azure.guests.rules += [
        Rule(matches=b"Microsoft.Update.Session", exit_code=101, times=1),
        Rule(matches=b"Microsoft.Update.Session", exit_code=102, times=1),
    ]

    run = windows.build()

    assert run.state == "Succeeded", run.message
    assert sum("Microsoft.Update.Session" in script for script in windows.scripts["build"]) == 3
    (look,) = windows.scripts["validation"]
    assert "settings.ini" in look
    notes = {phase.name.value: phase.note for phase in run.phases}
    assert notes["customize"] == "updates: round 3"
    assert notes["validate"] == "1 of 1: settings-are-there"
    assert windows.resources() == STAGED


def test_an_image_that_fails_its_validation_is_not_distributed(kiln: Callable[..., Kiln]) -> None:
    validated = submitted(kiln(example("validate.json")))
    validated.azure.guests.rules.append(Rule(matches=b"cmp /tmp/expected", exit_code=1, stdout=b"they differ\n"))

    run = validated.build()

    assert run.state == "Failed"
    assert run.error is not None
    assert run.error.code == "ValidatorFailed"
    assert run.error.target == "properties.validate.inVMValidations[1]"
    assert "they differ" in run.message
    assert run.outputs == ()
    assert validated.resources() == STAGED


def test_with_continue_on_failure_it_is_distributed_and_the_run_fails(kiln: Callable[..., Kiln]) -> None:
    body = example("validate.json")
    body["properties"]["validate"]["continueDistributeOnFailure"] = True
    validated = submitted(kiln(body))
    validated.azure.guests.rules.append(Rule(matches=b"cmp /tmp/expected", exit_code=1))

    run = validated.build()

    assert run.state == "Failed"
    assert [output.error for output in run.outputs] == [None]
    assert validated.resources() == STAGED


def test_a_source_is_validated_alone(kiln: Callable[..., Kiln]) -> None:
    looked_at = submitted(kiln(example("source-validation.json")))

    run = looked_at.build()

    assert run.state == "Succeeded", run.message
    assert [phase.name.value for phase in run.phases] == ["plan", "stage", "validate", "clean up"]
    assert looked_at.scripts["build"] == []
    assert looked_at.scripts["validation"]
    assert run.outputs == ()
    assert looked_at.resources() == STAGED


def test_a_failed_customizer_s_machine_is_kept_until_its_template_goes(kiln: Callable[..., Kiln]) -> None:
    abort = {"onCustomizerError": "abort", "onValidationError": "cleanup"}
    kept = submitted(kiln(template(errorHandling=abort)))
    kept.azure.guests.rules.append(Rule(matches=b"echo hello", exit_code=3))

    run = kept.build()

    assert run.state == "Failed"
    assert sorted(id_.split("/")[-2] for id_ in run.kept) == ["disks", "networkInterfaces", "virtualMachines"]
    assert all(id_ in run.message for id_ in run.kept)
    assert {"disks", "networkinterfaces", "virtualmachines"} <= set(kept.resources())
    group = kept.template.staging_group
    assert kept.delete().status == "Completed"
    assert kept.resources(group) == []


def test_optimization_is_the_last_that_happens_before_generalization(kiln: Callable[..., Kiln]) -> None:
    optimized = submitted(kiln(example("optimize.json")))

    run = optimized.build()

    assert run.state == "Succeeded", run.message
    names = [phase.name.value for phase in run.phases]
    assert names.index("customize") < names.index("optimize") < names.index("generalize")


@pytest.mark.parametrize("location", ["westeurope", "northeurope"])
def test_a_managed_image_is_made_in_its_region(kiln: Callable[..., Kiln], location: str) -> None:
    target = managed_image(f"img-{location}", location)
    imaged = submitted(kiln(template(distribute=[target])))

    run = imaged.build()

    assert run.state == "Succeeded", run.message
    (output,) = run.outputs
    assert output.artifact_id == target["imageId"]
    assert output.regions == (location,)
    assert imaged.resources() == STAGED


def test_one_target_s_failure_is_its_own(kiln: Callable[..., Kiln]) -> None:
    several = submitted(
        kiln(template(distribute=[gallery(), managed_image("img-refused"), {"type": "VHD", "runOutputName": "vhd"}]))
    )
    several.fault(
        method="PUT", path="*/images/img-refused", status=409, code="QuotaExceeded", message="no more", times=0
    )

    run = several.build()

    assert run.state == "PartiallySucceeded"
    errors = {output.name: output.error for output in run.outputs}
    assert errors["gallery"] is None
    assert errors["vhd"] is None
    assert errors["image"] is not None
    assert "QuotaExceeded" in errors["image"].message


def test_a_retry_gives_a_missing_region_its_image_without_building_again(kiln: Callable[..., Kiln]) -> None:
    spread = submitted(kiln(template(distribute=[gallery("northeurope")])))
    late = {"region": "northeurope", "state": "Failed", "details": "no capacity"}
    spread.fault(method="PUT", path="*/images/base/versions/*", nth=2, replication=late)
    spread.fault(method="PATCH", path="*/images/base/versions/*", replication=late)
    first = spread.build()
    assert first.state == "PartiallySucceeded", first.message
    assert first.outputs[0].regions == ("westeurope",)

    second = spread.build(retry_of=first)

    assert second.state == "Succeeded", second.message
    assert second.outputs[0].artifact_id == first.outputs[0].artifact_id
    assert second.outputs[0].regions == ("westeurope", "northeurope")
    assert [phase.name.value for phase in second.phases] == ["plan", "stage", "capture", "distribute", "clean up"]


def test_a_retry_makes_a_failed_target_s_image_of_the_good_version(kiln: Callable[..., Kiln]) -> None:
    targets = [gallery(), managed_image("img-late"), {"type": "VHD", "runOutputName": "vhd"}]
    several = submitted(kiln(template(distribute=targets)))
    several.fault(method="PUT", path="*/images/img-late", status=409, code="QuotaExceeded", message="no more")
    first = several.build()
    assert first.state == "PartiallySucceeded", first.message
    several.runner.redeliver("start_origin_disk")

    second = several.build(retry_of=first)

    assert second.state == "Succeeded", second.message
    assert [output.name for output in second.outputs] == ["image"]
    assert [phase.name.value for phase in second.phases] == ["plan", "stage", "capture", "distribute", "clean up"]
    assert several.resources() == STAGED


@pytest.mark.parametrize(
    "activity", ["start_machine", "start_validation_version", "start_snapshot_copy", "check_export"]
)
def test_a_cancel_leaves_nothing_that_costs(kiln: Callable[..., Kiln], activity: str) -> None:
    body = example("linux-restart.json")
    body["properties"]["validate"] = example("validate.json")["properties"]["validate"]
    name = f"img-cancel-{activity.replace('_', '-')}"
    body["properties"]["distribute"] = [managed_image(name, "northeurope"), {"type": "VHD", "runOutputName": "vhd"}]
    canceled = submitted(kiln(body))
    canceled.cancel_at(activity)

    run = canceled.build()

    assert run.state == RunState.CANCELED, run.message
    assert canceled.resources() == STAGED


def test_a_validator_without_an_end_is_ended_by_the_build_s_time(kiln: Callable[..., Kiln]) -> None:
    body = example("validate.json")
    body["properties"]["buildTimeoutInMinutes"] = 6
    late = submitted(kiln(body))
    late.azure.guests.rules.append(Rule(matches=b"cmp /tmp/expected", delay=float("inf")))

    run = late.build()

    assert run.state == "Failed"
    assert run.error is not None
    assert run.error.code == "DeadlineExceeded"
    assert late.resources() == STAGED


def test_every_activity_may_run_twice(kiln: Callable[..., Kiln]) -> None:
    body = example("linux-restart.json")
    body["properties"]["validate"] = example("validate.json")["properties"]["validate"]
    vhd = {"type": "VHD", "runOutputName": "vhd"}
    body["properties"]["distribute"] = [gallery("northeurope"), managed_image("img-twice", "northeurope"), vhd]
    twice = kiln(body)
    for name in twice.activities:
        twice.runner.redeliver(name, nth=None)

    submitted(twice)
    run = twice.build()

    assert run.state == "Succeeded", run.message
    assert len(twice.scripts["build"]) == 5
    assert len(twice.scripts["validation"]) == 2
    assert twice.resources() == STAGED
