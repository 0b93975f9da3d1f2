from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.errors import TemplateInvalid
from kiln.template.models import (
    FileCustomizer,
    PlatformImageSource,
    SharedImageDistributor,
    ShellCustomizer,
    VhdDistributor,
)
from kiln.template.parse import parse_template, without_read_only

GALLERY_IMAGE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images/providers/Microsoft.Compute"
    "/galleries/gallery/images/hello"
)
BODY: dict[str, Any] = {
    "location": "westeurope",
    "tags": {"team": "images"},
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/a/b": {}}},
    "properties": {
        "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
        "customize": [
            {"type": "Shell", "name": "hello", "inline": ["echo hello"]},
            {"type": "File", "name": "motd", "sourceUri": "https://a/motd", "destination": "/tmp/motd"},
        ],
        "distribute": [
            {
                "type": "SharedImage",
                "runOutputName": "gallery",
                "galleryImageId": GALLERY_IMAGE,
                "targetRegions": [{"name": "westeurope"}, {"name": "northeurope", "replicaCount": 2}],
            },
            {"type": "VHD", "runOutputName": "disk"},
        ],
        "vmProfile": {"vmSize": "Standard_D2s_v5", "osDiskSizeGB": 64},
        "buildTimeoutInMinutes": 60,
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return `BODY` with the value at `path` (dotted, numbers are indices) replaced, or removed where it is `...`."""
    body = copy.deepcopy(BODY)
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    place: Any = body
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


def problems(body: Any) -> dict[str, str]:
    """Return what is wrong with `body`: messages by path."""
    with pytest.raises(TemplateInvalid) as raised:
        parse_template(body)
    return {problem.path: problem.message for problem in raised.value.problems}


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
    assert "deprecated form" in problems(changed("properties.distribute", [both]))["properties.distribute[0]"]


def test_read_only_members_are_ignored_and_not_kept() -> None:
    echoed = {**BODY, "id": "/x", "name": "web", "type": "t", "systemData": {}}
    echoed["properties"] = {**BODY["properties"], "provisioningState": "Succeeded", "lastRunStatus": {}}
    assert parse_template(echoed) == parse_template(BODY)
    assert without_read_only(echoed) == BODY


def test_all_problems_come_together_each_with_its_path() -> None:
    body = changed("properties.customize.0.inline", "echo hello")
    body["properties"]["distribute"][1]["runOutputName"] = "no spaces"
    del body["location"]
    found = problems(body)
    assert found["location"] == "is required"
    assert found["properties.customize[0].inline"].endswith("got a string")
    assert "properties.distribute[1].runOutputName" in found
    assert len(found) == 3


@pytest.mark.parametrize(
    ("path", "value", "where", "said"),
    [
        ("properties.customize.0.Inline", ["x"], "properties.customize[0].Inline", "case-sensitive"),
        ("properties.customize.0.scriptUri", "https://a/b", "properties.customize[0]", "exactly one of"),
        ("properties.customize.0.inline", ..., "properties.customize[0]", "exactly one of"),
        ("properties.customize.0.type", "Nonsense", "properties.customize[0]", "got 'Nonsense'"),
        ("properties.customize.0.type", ..., "properties.customize[0]", "an object with a type"),
        ("properties.customize.0.sha256Checksum", "ABC", "properties.customize[0].sha256Checksum", "match"),
        ("properties.customize.1.destination", "", "properties.customize[1].destination", "at least 1"),
        ("properties.distribute", [], "properties", "at least one target"),
        ("properties.distribute.1.runOutputName", "GALLERY", "properties", "used twice: gallery"),
        ("properties.distribute.0.galleryImageId", "/x", "properties.distribute[0].galleryImageId", "match"),
        (
            "properties.distribute.0.galleryImageId",
            f"{GALLERY_IMAGE}/versions/latest",
            "properties.distribute[0]",
            "MAJOR.MINOR.PATCH",
        ),
        (
            "properties.distribute.0.targetRegions.0.replicaCount",
            101,
            "properties.distribute[0].targetRegions[0].replicaCount",
            "less than or equal to 100",
        ),
        ("properties.buildTimeoutInMinutes", 5, "properties", "6 to 960"),
        ("properties.buildTimeoutInMinutes", 961, "properties.buildTimeoutInMinutes", "960"),
        ("properties.vmProfile.osDiskSizeGB", -1, "properties.vmProfile.osDiskSizeGB", "0"),
        ("identity", ..., "identity", "is required"),
        ("properties.colour", "red", "properties.colour", "not a property"),
    ],
)
def test_each_rule_says_what_was_expected(path: str, value: Any, where: str, said: str) -> None:
    found = problems(changed(path, value))
    assert list(found) == [where]
    assert said in found[where]


def test_a_body_that_is_no_object_is_one_problem() -> None:
    assert problems(["x"]) == {"$": "expected a JSON object, got a list"}


def test_problems_never_repeat_what_was_sent() -> None:
    secret = "hunter2hunter2"
    found = problems(changed("properties.customize.0.inline", {"password": secret}))
    assert not any(secret in message for message in found.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, st.sampled_from(["", "location", "tags", "identity", "properties", "properties.source"]))
def test_whatever_is_sent_is_a_template_or_a_list_of_problems(value: Any, path: str) -> None:
    try:
        parse_template(changed(path, value) if path else value)
    except TemplateInvalid as error:
        assert error.problems  # noqa: PT017  # raising is one of two right answers
