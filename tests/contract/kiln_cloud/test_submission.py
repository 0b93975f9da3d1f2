from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from activities import submission, templates
from activities.adapter import fence
from kiln.contracts.templates import SubmissionReport, TemplateRequest
from kiln.errors import ErrorDetail, Superseded, TemplateRefused, provisioning_code
from kiln.ids import SubmissionRef, TemplateId
from kiln.runs.documents import documents
from kiln.runs.record import ProvisioningState, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.contract.kiln_cloud.building import body_with
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.contract.kiln_cloud.vhds import new_container

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery"
SHARED = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": f"{GALLERY}/images/hello"}


def submitted(given: str = "", identity: str = "", **properties: Any) -> SubmissionRef:
    """Store a template's first version, as its PUT does."""
    template = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=f"t-{uuid.uuid4().hex[:10]}")
    body = body_with(**properties)
    if identity:
        body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    if given:
        body["properties"]["stagingResourceGroup"] = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{given}"
    Templates().create(
        TemplateRecord(
            id=template,
            body=body,
            created=NOW,
            changed=NOW,
            staging_group=given or f"IT_{template.name}",
            staging_given=bool(given),
        )
    )
    return SubmissionRef(template=template, made=NOW, version=1)


def record(ref: SubmissionRef) -> TemplateRecord:
    return Templates().require(ref.template)


def change(ref: SubmissionRef, **update: Any) -> None:
    Templates().update(ref.template, lambda found: found.model_copy(update=update))


def finish(ref: SubmissionRef, error: ErrorDetail | None = None) -> Any:
    report = SubmissionReport(submission=ref, at=NOW.isoformat(), error=error)
    submission.finish_submission(report)
    return submission.begin_automatic_run(report)


def test_a_good_template_is_told_what_it_stands_on() -> None:
    shell = {"type": "Shell", "name": "hello", "scriptUri": "https://example.com/hello.sh"}
    ref = submitted(customize=[shell], distribute=[SHARED])

    staging = submission.check_template(ref)

    assert staging.group.name == record(ref).staging_group
    assert [artifact.blob for artifact in staging.artifacts] == ["v1/customize-00"]
    assert staging.storage.log_blob == ""


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("Standard_D2sd_v4", "westeurope has no machine size Standard_D2sd_v4"),
        ("Standard_NC24ads_A100_v4", "may not use the machine size Standard_NC24ads_A100_v4"),
        ("Standard_D2ps_v5", "has processors of Arm64, and the source image is for x64"),
        ("Standard_D2s_v6", "has NVMe disk controllers alone, and the source image boots with SCSI"),
        ("Standard_D1_v2", "runs generation 1 alone, and the source image is of generation 2"),
    ],
)
def test_a_size_that_azure_would_refuse_after_minutes_is_refused_at_submission(size: str, words: str) -> None:
    ref = submitted(vmProfile={"vmSize": size})
    with pytest.raises(TemplateRefused, match=words) as caught:
        submission.check_template(ref)
    (problem,) = caught.value.detail.details
    assert (problem.target, provisioning_code(problem)) == ("properties.vmProfile.vmSize", "Other")


def test_all_that_is_wrong_is_told_at_once_with_image_builders_codes() -> None:
    providers = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers"
    nobody = f"{providers}/Microsoft.ManagedIdentity/userAssignedIdentities/nobody"
    ref = submitted(
        identity=nobody,
        source={"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "no-such"},
        distribute=[{**SHARED, "galleryImageId": f"{GALLERY}/images/no-such"}],
        vmProfile={"vnetConfig": {"subnetId": f"{GALLERY}/not-a-subnet"}},
    )

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)

    detail = caught.value.detail
    assert {item.code for item in detail.details} == {"Other", "BadPIRSource", "BadSharedImageDistribute"}
    assert {item.target for item in detail.details} == {
        "properties.vmProfile.vnetConfig.subnetId",
        "properties.source",
        "properties.distribute",
        "identity.userAssignedIdentities",
    }
    assert detail.message == "The image template has 4 problems."


def test_what_does_not_fit_together_is_refused_before_anything_is_built() -> None:
    ref = submitted(distribute=[{**SHARED, "galleryImageId": f"{GALLERY}/images/win"}])

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)

    assert provisioning_code(caught.value.detail) == "BadSharedImageDistribute"


def test_regions_that_azure_does_not_have_are_refused_where_they_stand() -> None:
    image_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images/any"
    ref = submitted(
        distribute=[
            {**SHARED, "targetRegions": [{"name": "westeurope"}, {"name": "North Europ"}, {"name": "UK South"}]},
            {**SHARED, "runOutputName": "older", "replicationRegions": ["uksouth", "atlantis"]},
            {"type": "ManagedImage", "runOutputName": "image", "imageId": image_id, "location": "eastus22"},
        ]
    )

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)

    detail = caught.value.detail
    assert [(item.target, item.code) for item in detail.details] == [
        ("properties.distribute[0].targetRegions[1].name", "BadSharedImageDistribute"),
        ("properties.distribute[1].replicationRegions[1]", "BadSharedImageDistribute"),
        ("properties.distribute[2].location", "Other"),
    ]
    first, second, _ = detail.details
    assert first.message == "Azure has no region North Europ for Microsoft.Compute/galleries/images/versions."
    assert first.hint == "Did you mean northeurope? `az account list-locations` lists the regions."
    assert second.hint == "`az account list-locations` lists the regions."


def test_a_region_of_the_template_that_azure_does_not_have_is_told_with_its_place() -> None:
    ref = submitted()
    change(ref, body={**record(ref).body, "location": "atlantis"})

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)
    finish(ref, caught.value.detail)

    assert any(item.target == "location" for item in caught.value.detail.details)
    error = record(ref).provisioning_error
    assert error is not None
    assert "location: Azure has no region atlantis for Microsoft.Compute/virtualMachines." in error.message
    assert "None" not in error.message


def test_a_vhd_s_container_that_is_not_there_is_refused() -> None:
    vhd = {"type": "VHD", "runOutputName": "vhd", "uri": f"{new_container().url}-not"}
    ref = submitted(distribute=[vhd])

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)

    assert [item.target for item in caught.value.detail.details] == ["properties.distribute[0].uri"]


def test_one_problem_of_a_submission_is_told_once() -> None:
    ref = submitted()
    problem = ErrorDetail(code="Other", message="A is wrong.", target="properties.a", hint="Correct it.")
    alone = TemplateRefused((problem,))

    finish(ref, alone.detail)

    error = record(ref).provisioning_error
    assert error is not None
    assert error.message == "properties.a: A is wrong. Correct it."


def test_a_staging_group_that_cannot_be_used_is_refused() -> None:
    ref = submitted(given="rg-network")

    with pytest.raises(TemplateRefused) as caught:
        submission.check_template(ref)

    assert provisioning_code(caught.value.detail) == "BadStagingResourceGroup"


@pytest.mark.parametrize(
    "newer", [{"version": 2}, {"provisioning_state": ProvisioningState.DELETING}], ids=["a newer version", "deletion"]
)
def test_a_submission_ends_at(newer: dict[str, Any]) -> None:
    ref = submitted()
    fence(ref)
    change(ref, **newer)

    with pytest.raises(Superseded):
        fence(ref)
    with pytest.raises(Superseded):
        submission.check_template(ref)


def test_a_submission_whose_template_is_gone_ends() -> None:
    ref = submitted()
    documents().delete(Templates.path(ref.template))

    with pytest.raises(Superseded):
        fence(ref)
    assert finish(ref).run is None


def test_a_submission_ends_well_or_with_its_error() -> None:
    good, bad = submitted(), submitted()

    assert finish(good).run is None
    finish(bad, ErrorDetail(code="ArtifactUnavailable", message="no such file", hint="look again"))

    assert record(good).provisioning_state is ProvisioningState.SUCCEEDED
    failed = record(bad)
    assert (failed.provisioning_state, failed.settled) == (ProvisioningState.FAILED, 1)
    assert failed.provisioning_error is not None
    assert (failed.provisioning_error.code, failed.provisioning_error.message) == ("Other", "no such file look again")


def test_an_older_submission_leaves_the_newer_versions_state_alone() -> None:
    ref = submitted()
    change(ref, version=2, provisioning_state=ProvisioningState.UPDATING)

    finish(ref)

    assert (record(ref).provisioning_state, record(ref).settled) == (ProvisioningState.UPDATING, 1)


def test_auto_run_makes_one_run_however_often_the_submission_ends() -> None:
    ref = submitted(autoRun={"state": "Enabled"})

    first, again = finish(ref), finish(ref)

    assert first.run == again.run
    assert first.run.run_id == record(ref).run_id
    run = Runs().require(ref.template, first.run.run_id)
    assert (run.version, run.instance_id) == (1, first.instance_id)
    assert len(list(Runs().list(ref.template))) == 1


def test_auto_run_makes_none_of_a_bad_template_and_waits_for_another_run() -> None:
    bad, busy = submitted(autoRun={"state": "Enabled"}), submitted(autoRun={"state": "Enabled"})
    going = finish(busy).run
    change(busy, version=2, provisioning_state=ProvisioningState.UPDATING)

    assert finish(bad, ErrorDetail(code="Other", message="no")).run is None
    assert finish(busy.model_copy(update={"version": 2})).busy

    assert record(bad).run_id is None
    assert record(busy).run_id == going.run_id
    assert [run.run_id for run in Runs().list(busy.template)] == [going.run_id]


def test_a_template_is_idle_once_its_submission_and_its_run_are_over() -> None:
    ref = submitted(autoRun={"state": "Enabled"})
    request = TemplateRequest(template=ref.template, made=ref.made)

    assert templates.check_idle(request).note == "a submission is under way"
    run = finish(ref).run
    assert templates.check_idle(request).note == f"run {run.run_id} is under way"
    Runs().update(ref.template, run.run_id, lambda found: found.model_copy(update={"state": RunState.FAILED}))
    assert templates.check_idle(request).done
    documents().delete(Templates.path(ref.template))
    assert templates.check_idle(request).done
