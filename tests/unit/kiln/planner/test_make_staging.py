from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.planner.make_staging import make_staging
from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.staging import StagingSpec

SUBNET = f"{samples.GROUP_ID}/providers/Microsoft.Network/virtualNetworks/net/subnets/builds"
CHECKSUM = "0" * 64


def staging(*, given: bool = False, log_run_id: str | None = None, **properties: Any) -> StagingSpec:
    return make_staging(
        samples.template(**properties),
        template_id=samples.TEMPLATE_ID,
        version=3,
        made=None,
        staging_group=samples.STAGING,
        staging_given=given,
        log_run_id=log_run_id,
    )


def test_a_submission_stages_what_its_runs_stage_but_for_the_log() -> None:
    submitted, built = staging(customize=[samples.SHELL]), samples.plan(customize=[samples.SHELL]).staging

    assert submitted.storage.log_blob == ""
    assert built.storage.log_blob == f"{samples.RUN.run_id}/customization.log"
    storage = built.storage.model_copy(update={"log_blob": ""})
    assert submitted == built.model_copy(update={"storage": storage})


def test_everything_is_tagged_with_its_template_and_with_the_templates_own_tags() -> None:
    made = staging(managedResourceTags={"costCenter": "images"})

    expected = {
        "costCenter": "images",
        "createdBy": "Kiln",
        "imageTemplateName": "hello",
        "imageTemplateResourceGroupName": "rg-images",
    }
    assert made.group.tags == made.network.tags == made.storage.tags == expected


def test_a_template_cannot_take_over_the_tags_that_clean_up_goes_by() -> None:
    tags = staging(managedResourceTags={"CREATEDBY": "me", "kilnRun": "x", "imageTemplateName": "other"}).group.tags

    assert tags["createdBy"] == "Kiln"
    assert tags["imageTemplateName"] == "hello"
    assert not {"CREATEDBY", "kilnRun"} & set(tags)


def test_a_given_group_is_only_marked_as_used() -> None:
    made = staging(given=True)

    assert made.group.given
    assert made.group.tags == {"usedBy": samples.TEMPLATE_ID.arm}
    assert made.storage.tags["createdBy"] == "Kiln"


def test_without_a_subnet_of_its_own_a_template_gets_a_network() -> None:
    network = staging().network

    assert network.network == "kiln-vnet"
    assert network.subnet_id.endswith(
        f"/{samples.STAGING}/providers/Microsoft.Network/virtualNetworks/kiln-vnet/subnets/build"
    )


def test_with_a_subnet_of_its_own_no_network_is_made_and_its_interfaces_are_closed() -> None:
    profile = {"vnetConfig": {"subnetId": SUBNET}}
    network = staging(vmProfile=profile).network
    machine = samples.machine_of(samples.plan(vmProfile=profile))

    assert network.network is None
    assert network.subnet_id == machine.subnet_id == SUBNET
    assert network.subnet == "builds"
    assert machine.security_group_id is not None
    assert machine.security_group_id.endswith("/networkSecurityGroups/kiln-nsg")


def test_every_script_and_file_is_an_artifact_of_the_templates_version() -> None:
    file = {"type": "File", "sourceUri": "https://example.com/a", "destination": "/tmp/a", "sha256Checksum": CHECKSUM}
    script = {"type": "Shell", "scriptUri": "https://example.com/b.sh"}
    made = staging(
        customize=[samples.SHELL, file, script],
        validate={"inVMValidations": [script]},
        optimize={"workload": {"state": "Enabled", "scriptUri": "https://example.com/c.sh"}},
    )

    assert [(item.property_path, item.blob) for item in made.artifacts] == [
        ("properties.customize[1].sourceUri", "v3/customize-01"),
        ("properties.customize[2].scriptUri", "v3/customize-02"),
        ("properties.validate.inVMValidations[0].scriptUri", "v3/validate-00"),
        ("properties.optimize.workload.scriptUri", "v3/optimize"),
    ]
    assert made.artifacts[0].sha256 == CHECKSUM
    assert {item.identity for item in made.artifacts} == {samples.IDENTITY}


def test_a_disabled_workload_has_no_artifact() -> None:
    workload = {"state": "Disabled", "scriptUri": "https://example.com/c.sh"}

    assert staging(optimize={"workload": workload}).artifacts == ()
