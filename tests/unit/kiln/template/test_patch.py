from __future__ import annotations

from typing import Any

import pytest

from kiln.errors import TemplateInvalid
from kiln.template.patch import apply_patch, parse_patch
from kiln.template.shape import properties
from kiln.template.vm_profile import VmProfile
from tests.unit.kiln.template.bodies import BODY, BUILDER, changed

OTHER = BUILDER.replace("builder", "other")
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"


def refused(body: Any, api_version: str | None = None) -> dict[str, str]:
    """Return the refusal of a PATCH's body: messages by path."""
    with pytest.raises(TemplateInvalid) as raised:
        parse_patch(body, api_version)
    return {problem.path: problem.message for problem in raised.value.problems}


def patched(body: Any, template: dict[str, Any] = BODY) -> dict[str, Any]:
    """Return a template's body after a PATCH."""
    return apply_patch(template, parse_patch(body))


def test_an_empty_patch_changes_nothing() -> None:
    assert patched({}) == BODY
    assert patched({"tags": None, "identity": None, "properties": None}) == BODY


def test_tags_are_replaced_whole() -> None:
    assert patched({"tags": {"a": "b"}})["tags"] == {"a": "b"}
    assert patched({"tags": {}})["tags"] == {}
    assert patched({"tags": {"a": "b"}}, changed("tags", ...))["tags"] == {"a": "b"}


def test_identities_are_removed_and_swapped() -> None:
    assert patched({"identity": {"type": "None"}})["identity"] == {"type": "None"}
    swap = {"type": "UserAssigned", "userAssignedIdentities": {BUILDER.upper(): None, OTHER: {}}}
    assert patched({"identity": swap})["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {OTHER: {}}}
    same = {"type": "UserAssigned", "userAssignedIdentities": {BUILDER.upper(): {}}}
    assert list(patched({"identity": same})["identity"]["userAssignedIdentities"]) == [BUILDER.upper()]
    away = {"type": "UserAssigned", "userAssignedIdentities": {BUILDER: None}}
    assert patched({"identity": away})["identity"] == {"type": "None"}


def test_a_second_identity_is_refused() -> None:
    with pytest.raises(TemplateInvalid) as raised:
        patched({"identity": {"type": "UserAssigned", "userAssignedIdentities": {OTHER: {}}}})
    assert [problem.path for problem in raised.value.problems] == ["identity.userAssignedIdentities"]


def test_targets_are_replaced_and_may_be_more() -> None:
    targets = [*BODY["properties"]["distribute"], {"type": "VHD", "runOutputName": "second"}]
    sent = [*targets[:-1], {**targets[-1], "uri": None}]
    assert patched({"properties": {"distribute": sent}})["properties"]["distribute"] == targets


def test_no_run_output_is_lost() -> None:
    with pytest.raises(TemplateInvalid) as raised:
        patched({"properties": {"distribute": [{"type": "VHD", "runOutputName": "new"}]}})
    (problem,) = raised.value.problems
    assert problem.path == "properties.distribute"
    assert problem.message.endswith("missing: gallery, disk")


def test_the_build_machine_is_merged() -> None:
    after = patched({"properties": {"vmProfile": {"vmSize": None, "vnetConfig": {"subnetId": SUBNET}}}})
    assert after["properties"]["vmProfile"] == {"osDiskSizeGB": 64, "vnetConfig": {"subnetId": SUBNET}}


def test_null_removes_the_build_machine_of_a_template_and_its_members() -> None:
    assert "vmProfile" not in patched(
        {"properties": {"vmProfile": None, "distribute": BODY["properties"]["distribute"]}}
    )
    nulls = dict.fromkeys(properties(VmProfile))
    assert patched({"properties": {"vmProfile": nulls}})["properties"]["vmProfile"] == {}
    without = changed("properties.vmProfile", ...)
    assert patched({"properties": {"vmProfile": None}}, without) == without


def test_null_beside_properties_changes_nothing() -> None:
    machine = {"vmSize": "Standard_D4s_v5", "osDiskSizeGB": 64}
    after = patched({"tags": None, "identity": None, "properties": {"vmProfile": machine}})
    assert after == changed("properties.vmProfile", machine)


def test_rules_between_properties_are_held_against_the_whole() -> None:
    container = {"properties": {"vmProfile": {"vnetConfig": {"containerInstanceSubnetId": f"{SUBNET}2"}}}}
    inside = patched(container, changed("properties.vmProfile.vnetConfig", {"subnetId": SUBNET}))
    assert inside["properties"]["vmProfile"]["vnetConfig"]["subnetId"] == SUBNET
    with pytest.raises(TemplateInvalid):
        patched(container)


@pytest.mark.parametrize(
    ("body", "where", "said"),
    [
        ({"location": "westus"}, "location", "PUT the whole template"),
        ({"properties": {"source": {}}}, "properties.source", "PUT the whole template"),
        ({"tags": {"a": 1}}, "tags.a", "a string, got a number"),
        ({"identity": []}, "identity", "an object, got a list"),
        ({"identity": {"type": "none"}}, "identity.type", "did you mean 'None'?"),
        ({"properties": {"distribute": [{"type": "VHD"}]}}, "properties.distribute[0].runOutputName", "is required"),
        (
            {
                "properties": {
                    "distribute": [{"type": "VHD", "runOutputName": "a"}, {"type": "VHD", "runOutputName": "A"}]
                }
            },
            "properties.distribute",
            "used twice: a",
        ),
        ({"properties": {"distribute": None}}, "properties.distribute", "leave it out to keep them"),
        ({"properties": {"vmProfile": {"osDiskSizeGB": "1"}}}, "properties.vmProfile.osDiskSizeGB", "a whole number"),
        ([], "$", "expected a JSON object, got a list"),
    ],
)
def test_what_is_no_patch_is_refused_by_path(body: Any, where: str, said: str) -> None:
    assert said in refused(body)[where]


def test_what_can_be_patched_grew_with_the_api_versions() -> None:
    machine = {"properties": {"vmProfile": {"vmSize": "Standard_D2s_v5"}}}
    assert "is new in api-version 2023-07-01" in refused(machine, "2022-07-01")["properties"]
    assert "is new in api-version 2024-02-01" in refused(machine, "2023-07-01")["properties.vmProfile"]
    assert "is new" in refused({"properties": {"vmProfile": None}}, "2023-07-01")["properties.vmProfile"]
    parse_patch(machine, "2024-02-01")
    parse_patch({"tags": {}, "identity": {"type": "None"}}, "2020-02-14")
