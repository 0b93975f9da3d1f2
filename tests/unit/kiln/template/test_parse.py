from __future__ import annotations

import time
from typing import Any

import pytest

from kiln.errors import Problem, RequestInvalid, TemplateInvalid
from kiln.template.customizers import FileCustomizer, ShellCustomizer
from kiln.template.distributors import SharedImageDistributor, VhdDistributor
from kiln.template.models import ImageTemplate
from kiln.template.parse import parse_template, without_read_only
from kiln.template.shape import Shape, properties
from kiln.template.sources import PlatformImageSource
from kiln.template.versions import API_VERSIONS
from tests.unit.kiln.template.bodies import BODY, BUILDER, GALLERY_IMAGE, changed


def found(body: Any, api_version: str | None = None) -> dict[str, Problem]:
    """Return the problems with `body` by path."""
    with pytest.raises(TemplateInvalid) as raised:
        parse_template(body, api_version)
    return {problem.path: problem for problem in raised.value.problems}


def problems(body: Any) -> dict[str, str]:
    """Return the messages about `body` by path."""
    return {path: problem.message for path, problem in found(body).items()}


def test_a_template_of_aib_is_read_whole() -> None:
    template = parse_template(BODY)
    properties = template.properties
    assert isinstance(properties.source, PlatformImageSource)
    assert properties.source.version == "latest"
    shell, file = properties.customize
    assert isinstance(shell, ShellCustomizer)
    assert shell.inline == ("echo hello",)
    assert isinstance(file, FileCustomizer)
    assert file.destination == "/tmp/motd"
    gallery, disk = properties.distribute
    assert isinstance(gallery, SharedImageDistributor)
    assert [(region.name, region.replica_count) for region in gallery.regions()] == [
        ("westeurope", 1),
        ("northeurope", 2),
    ]
    assert isinstance(disk, VhdDistributor)
    assert properties.vm_profile.os_disk_size_gb == 64
    assert properties.build_timeout_in_minutes == 60


def test_the_deprecated_way_to_name_regions_means_the_same() -> None:
    target = {
        "type": "SharedImage",
        "runOutputName": "gallery",
        "galleryImageId": GALLERY_IMAGE,
        "replicationRegions": ["westeurope"],
        "storageAccountType": "Standard_ZRS",
    }
    gallery = parse_template(changed("properties.distribute", [target])).properties.distribute[0]
    assert isinstance(gallery, SharedImageDistributor)
    assert [(region.name, region.storage_account_type) for region in gallery.regions()] == [
        ("westeurope", "Standard_ZRS")
    ]
    both = {**target, "targetRegions": [{"name": "westeurope"}]}
    wrong = problems(changed("properties.distribute", [both]))
    assert "deprecated form" in wrong["properties.distribute[0].replicationRegions"]
    assert "deprecated form" in wrong["properties.distribute[0].storageAccountType"]


def test_read_only_members_are_ignored_and_not_kept() -> None:
    echoed = {**BODY, "id": "/x", "name": "web", "type": "t", "systemData": {}}
    echoed["properties"] = {
        **BODY["properties"],
        "source": {**BODY["properties"]["source"], "exactVersion": "12.0.1"},
        "provisioningState": "Failed",
        "provisioningError": {"provisioningErrorCode": "Other"},
        "lastRunStatus": {},
        "exactStagingResourceGroup": "/x",
    }
    echoed["identity"] = {
        "type": "UserAssigned",
        "principalId": "p",
        "userAssignedIdentities": {BUILDER: {"principalId": "p", "clientId": "c"}},
    }
    assert parse_template(echoed) == parse_template(BODY)
    assert without_read_only(echoed) == BODY


def test_a_null_means_that_nothing_was_given() -> None:
    body = changed("properties.source.planInfo", None)
    body["properties"]["customize"][0]["scriptUri"] = None
    assert parse_template(body) == parse_template(BODY)
    assert without_read_only(body) == BODY


def with_every_property(shape: Shape, value: Any) -> Any:
    """Return a value whose objects have every property that an object of their place can have, null if not given."""
    if isinstance(value, list) and shape.item is not None:
        return [with_every_property(shape.item, item) for item in value]
    model = shape.model_of(value)
    if model is None:
        return value
    known = properties(model)
    given = {name: with_every_property(known[name].shape, inner) for name, inner in value.items()}
    return dict.fromkeys(sorted(shape.names)) | given


@pytest.mark.parametrize("api_version", API_VERSIONS)
def test_a_body_may_have_every_property_of_its_objects_as_a_terraform_module_writes_it(api_version: str) -> None:
    body = changed(
        "properties.customize",
        [
            {"type": "Shell", "inline": ["a"]},
            {"type": "File", "sourceUri": "https://a/b", "destination": "/a"},
            {"type": "WindowsRestart"},
        ],
    )
    body["properties"]["distribute"] = [
        {
            "type": "SharedImage",
            "runOutputName": "gallery",
            "galleryImageId": GALLERY_IMAGE,
            "replicationRegions": ["westeurope"],
        },
        {"type": "VHD", "runOutputName": "disk"},
    ]
    full = with_every_property(Shape(model=ImageTemplate), body)
    assert full["properties"]["customize"][0]["destination"] is None
    assert full["properties"]["distribute"][1]["versioning"] is None
    assert full["properties"]["source"]["imageId"] is None

    assert parse_template(full, api_version) == parse_template(body, api_version)
    assert without_read_only(full) == body


def test_a_null_does_not_hide_a_name_that_nothing_has() -> None:
    wrong = problems(changed("properties.customize.0.destinaton", None))
    assert "is not a property here" in wrong["properties.customize[0].destinaton"]


def test_all_problems_come_together_each_with_its_path() -> None:
    body = changed("properties.customize.0.inline", "echo hello")
    body["properties"]["distribute"][1]["runOutputName"] = "no spaces"
    del body["location"]
    found = problems(body)
    assert found["location"] == "is required"
    assert found["properties.customize[0].inline"].endswith("got a string")
    assert "properties.distribute[1].runOutputName" in found
    assert len(found) == 3


@pytest.mark.parametrize("path", ["properties", "properties.customize.0.inline"])
def test_no_more_problems_are_told_than_a_person_reads(path: str) -> None:
    body = changed("location", "westeurope")
    if path == "properties":
        body["properties"] |= {f"unknown{number}": 1 for number in range(20_000)}
    else:
        body["properties"]["customize"][0]["inline"] = [1] * 20_000

    begin = time.process_time()

    with pytest.raises(TemplateInvalid) as raised:
        parse_template(body, "2025-10-01")

    assert time.process_time() - begin < 1
    assert len(raised.value.problems) == 101
    assert raised.value.problems[-1].message == "there are more problems than these 100"


SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"


@pytest.mark.parametrize(
    ("path", "value", "where", "said", "code"),
    [
        ("properties.customize.0.Inline", ["x"], "properties.customize[0].Inline", "did you mean 'inline'?", "Other"),
        ("properties.customize.0.scriptUri", "https://a/b", "properties.customize[0]", "exactly", "NoCustomizerScript"),
        ("properties.customize.0.inline", ..., "properties.customize[0]", "exactly one of", "NoCustomizerScript"),
        (
            "properties.customize.0.type",
            "Nonsense",
            "properties.customize[0].type",
            "one of 'Shell'",
            "BadCustomizerType",
        ),
        (
            "properties.customize.0.type",
            "shell",
            "properties.customize[0].type",
            "did you mean 'Shell'?",
            "BadCustomizerType",
        ),
        (
            "properties.customize.0.type",
            ...,
            "properties.customize[0].type",
            "is required: one of",
            "BadCustomizerType",
        ),
        ("properties.customize.0.type", ["Shell"], "properties.customize[0].type", "got a list", "BadCustomizerType"),
        ("properties.customize.0", "Shell", "properties.customize[0]", "an object, got a string", "Other"),
        ("properties.customize.1.destination", "", "properties.customize[1].destination", "not empty", "Other"),
        ("properties.source.type", "ISO", "properties.source.type", "one of 'PlatformImage'", "BadSourceType"),
        ("properties.source.offer", ..., "properties.source.offer", "is required", "BadPIRSource"),
        ("properties.source.type", "ManagedImage", "properties.source.imageId", "is required", "BadManagedImageSource"),
        ("properties.distribute.1.type", "Vhd", "properties.distribute[1].type", "mean 'VHD'?", "BadDistributeType"),
        ("properties.distribute.1.runOutputName", "GALLERY", "properties.distribute", "used twice: gallery", "Other"),
        (
            "properties.distribute.0.versioning",
            {"scheme": "latest"},
            "properties.distribute[0].versioning.scheme",
            "did you mean 'Latest'?",
            "BadSharedImageDistribute",
        ),
        (
            "properties.distribute.0.versioning",
            {"scheme": "Latest", "major": -2},
            "properties.distribute[0].versioning.major",
            "-1 or more, got a number",
            "BadSharedImageDistribute",
        ),
        (
            "properties.distribute.0.targetRegions.0.replicaCount",
            101,
            "properties.distribute[0].targetRegions[0].replicaCount",
            "100 or less",
            "BadSharedImageDistribute",
        ),
        (
            "properties.validate",
            {"inVMValidations": [{"type": "Shell", "inline": ["a"], "scriptUri": "https://a/b"}]},
            "properties.validate.inVMValidations[0]",
            "exactly one of",
            "NoValidatorScript",
        ),
        (
            "properties.validate",
            {"inVMValidations": [{"type": "WindowsRestart"}]},
            "properties.validate.inVMValidations[0].type",
            "one of 'Shell', 'PowerShell', 'File'",
            "BadValidatorType",
        ),
        (
            "properties.customize.0",
            {"type": "PowerShell", "inline": ["a"], "runAsSystem": True},
            "properties.customize[0].runAsSystem",
            "runElevated",
            "Other",
        ),
        ("properties.buildTimeoutInMinutes", 5, "properties.buildTimeoutInMinutes", "6 to 960", "Other"),
        ("properties.buildTimeoutInMinutes", 961, "properties.buildTimeoutInMinutes", "960", "Other"),
        ("properties.buildTimeoutInMinutes", "60", "properties.buildTimeoutInMinutes", "a whole number", "Other"),
        ("properties.buildTimeoutInMinutes", True, "properties.buildTimeoutInMinutes", "got a boolean", "Other"),
        ("properties.buildTimeoutInMinutes", 60.0, "properties.buildTimeoutInMinutes", "a whole number", "Other"),
        ("properties.vmProfile.osDiskSizeGB", -1, "properties.vmProfile.osDiskSizeGB", "0 or more", "Other"),
        ("properties.vmProfile.osDiskSizeGB", 10**400, "properties.vmProfile.osDiskSizeGB", "2147483647", "Other"),
        (
            "properties.vmProfile.vnetConfig",
            {"containerInstanceSubnetId": SUBNET},
            "properties.vmProfile.vnetConfig.containerInstanceSubnetId",
            "subnetId as well",
            "Other",
        ),
        (
            "properties.vmProfile.vnetConfig",
            {"subnetId": SUBNET, "containerInstanceSubnetId": SUBNET.upper()},
            "properties.vmProfile.vnetConfig.containerInstanceSubnetId",
            "another subnet",
            "Other",
        ),
        (
            "properties.vmProfile.vnetConfig",
            {"subnetId": SUBNET, "containerInstanceSubnetId": SUBNET.replace("/v/", "/w/")},
            "properties.vmProfile.vnetConfig.containerInstanceSubnetId",
            "same virtual network",
            "Other",
        ),
        (
            "properties.vmProfile.vnetConfig",
            {"subnetId": SUBNET, "containerInstanceSubnetId": f"{SUBNET}2", "proxyVmSize": "Standard_A1_v2"},
            "properties.vmProfile.vnetConfig.proxyVmSize",
            "no proxyVmSize",
            "Other",
        ),
        (
            "properties.optimize",
            {"vmBoot": {"state": "enabled"}},
            "properties.optimize.vmBoot.state",
            "'Enabled'?",
            "Other",
        ),
        ("identity", ..., "identity", 'is required: {"type": "UserAssigned", ', "Other"),
        ("identity.type", "SystemAssigned", "identity.type", "one of 'UserAssigned', 'None'", "Other"),
        ("identity.userAssignedIdentities", {"/a": {}, "/b": {}}, "identity.userAssignedIdentities", "one", "Other"),
        ("identity.userAssignedIdentities", {"/a": None}, "identity.userAssignedIdentities['/a']", "got null", "Other"),
        ("tags", {"a b": 1}, "tags['a b']", "expected a string, got a number", "Other"),
        ("tags", {"a": "\ud800"}, "tags.a", "lone surrogates", "Other"),
        ("location", None, "location", "is required", "Other"),
        ("properties.colour", "red", "properties.colour", "not a property", "Other"),
    ],
)
def test_each_rule_says_where_what_was_expected_and_how_azure_calls_it(
    path: str, value: Any, where: str, said: str, code: str
) -> None:
    wrong = found(changed(path, value))
    assert where in wrong
    assert said in wrong[where].message
    assert wrong[where].code == code


def test_every_broken_rule_of_one_object_is_told() -> None:
    wrong = problems(
        changed(
            "properties.customize.0",
            {
                "type": "PowerShell",
                "inline": ["a"],
                "scriptUri": "https://a/b",
                "runAsSystem": True,
                "validExitCodes": 0,
            },
        )
    )
    assert set(wrong) == {
        "properties.customize[0]",
        "properties.customize[0].runAsSystem",
        "properties.customize[0].validExitCodes",
    }


def test_a_rule_is_not_held_against_a_property_that_cannot_be_read() -> None:
    assert set(problems(changed("properties.customize.0.inline", "echo"))) == {"properties.customize[0].inline"}


@pytest.mark.parametrize(
    ("path", "value", "section"),
    [
        ("properties.source.sku", ..., "#platformimage-source"),
        ("properties.customize.0.inline", 5, "#shell-customizer"),
        ("properties.customize.1.sourceUri", ..., "#file-customizer"),
        ("properties.distribute.1.colour", "red", "#distribute-vhd"),
        ("properties.buildTimeoutInMinutes", 5, "#properties-buildtimeoutinminutes"),
        ("properties.colour", "red", "image-builder-json"),
        ("properties.customize.0", {"type": "Restart", "timeout": 5}, "md#propertiescustomize-restart"),
        ("properties.customize.0", {"type": "Restart", "wait": "5m"}, "md#propertiescustomize-restart"),
    ],
)
def test_a_problem_links_the_section_that_has_the_rule(path: str, value: Any, section: str) -> None:
    (problem,) = found(changed(path, value)).values()
    assert problem.source is not None
    assert problem.source.endswith(section)


@pytest.mark.parametrize(
    ("path", "value", "where", "since"),
    [
        ("properties.stagingResourceGroup", "", "properties.stagingResourceGroup", "2022-02-14"),
        (
            "properties.vmProfile.userAssignedIdentities",
            [],
            "properties.vmProfile.userAssignedIdentities",
            "2021-10-01",
        ),
        ("properties.optimize", {"vmBoot": {}}, "properties.optimize", "2022-07-01"),
        ("properties.optimize", {"workload": {}}, "properties.optimize.workload", "2025-10-01"),
        (
            "properties.validate",
            {"inVMValidations": [{"type": "File", "sourceUri": "https://a/b", "destination": "/a"}]},
            "properties.validate.inVMValidations[0].type",
            "2022-07-01",
        ),
        (
            "properties.source",
            {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY_IMAGE}/versions/Latest"},
            "properties.source.imageVersionId",
            "2022-07-01",
        ),
        (
            "properties.distribute.0.storageAccountType",
            "Premium_LRS",
            "properties.distribute[0].storageAccountType",
            "2022-07-01",
        ),
        ("properties.distribute.0.replicationMode", "Full", "properties.distribute[0].replicationMode", "2025-10-01"),
        ("properties.errorHandling", 5, "properties.errorHandling", "2023-07-01"),
    ],
)
def test_what_a_newer_api_version_brought_is_refused_by_name(path: str, value: Any, where: str, since: str) -> None:
    wrong = found(changed(path, value), "2020-02-14")
    assert wrong[where].message == f"is new in api-version {since}; the request's is 2020-02-14"
    assert str(wrong[where].source).endswith(f"#version-{since}")
    later = found({**changed(path, value), "colour": "red"}, since)
    assert "is new" not in later.get(where, later["colour"]).message


def test_old_api_versions_demand_replication_regions() -> None:
    target = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": GALLERY_IMAGE}
    body = changed("properties.distribute", [target])
    wrong = problems_at(body, "2022-02-14")
    assert wrong == {
        "properties.distribute[0].replicationRegions": "is required before api-version 2022-07-01; "
        "the request's is 2022-02-14"
    }
    parse_template(body, "2022-07-01")


def problems_at(body: Any, api_version: str) -> dict[str, str]:
    """Return messages by path for a request of that api-version."""
    return {path: problem.message for path, problem in found(body, api_version).items()}


def test_the_restart_of_any_system_is_known_at_every_api_version() -> None:
    body = changed("properties.customize", [{"type": "Restart"}])
    body["properties"]["distribute"] = [{"type": "VHD", "runOutputName": "disk"}]
    assert parse_template(body, "2020-02-14").properties.customize[0].type == "Restart"


def test_an_api_version_that_is_not_spoken_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestInvalid, match="nearest supported one is 2020-02-14"):
        parse_template(BODY, "2019-05-01-preview")


def test_a_body_that_is_no_object_is_one_problem() -> None:
    assert problems(["x"]) == {"$": "expected a JSON object, got a list"}


def test_problems_never_repeat_what_was_sent() -> None:
    secret = "hunter2hunter2"
    found = problems(changed("properties.customize.0.inline", {"password": secret}))
    assert not any(secret in message for message in found.values())
