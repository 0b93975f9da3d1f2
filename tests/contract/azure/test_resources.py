from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, SUBSCRIPTION, refused

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness


def test_a_new_local_azure_holds_the_seeded_resources(cloud: Harness) -> None:
    found = {resource["id"] for resource in cloud.local("GET", "resources")["resources"]}
    gallery = f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery"
    identity = f"{SEEDED}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
    network_group = bodies.group_id("rg-network")
    network = f"{network_group}/providers/Microsoft.Network/virtualNetworks/vnet-builds"
    definitions = {resource for resource in found if resource.startswith(f"{gallery}/images/")}
    assert {f"{gallery}/images/{name}" for name in ("hello", "base", "app", "win")} <= definitions
    assert found - definitions == {
        SEEDED,
        gallery,
        identity,
        network_group,
        network,
        *(f"{network}/subnets/{name}" for name in ("builds", "aci")),
    }


def test_a_group_is_made_updated_listed_and_deleted(cloud: Harness) -> None:
    groups = cloud.resources.resource_groups
    assert not groups.check_existence("rg")
    made = groups.create_or_update("rg", {"location": "West Europe", "tags": {"a": "1"}})
    assert (made.name, made.location, made.properties.provisioning_state) == ("rg", "westeurope", "Succeeded")
    assert groups.check_existence("RG")
    assert groups.create_or_update("rg", {"location": "westeurope", "tags": {"b": "2"}}).tags == {"b": "2"}
    assert [group.name for group in groups.list(filter="tagName eq 'b' and tagValue eq '2'")] == ["rg"]
    groups.begin_delete("rg").result()
    assert not groups.check_existence("rg")
    assert refused(lambda: groups.get("rg"), "ResourceGroupNotFound").status_code == 404


def test_a_group_delete_answers_202_and_a_location_that_ends_with_204(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    answer = cloud.http("DELETE", bodies.group_id("rg"))
    assert answer.status_code == 202
    assert "Azure-AsyncOperation" not in answer.headers
    assert answer.headers["Retry-After"] == "0"
    path = answer.headers["Location"].removeprefix(cloud.url).split("?")[0]
    assert cloud.http("GET", path).status_code == 204


def test_a_groups_region_cannot_change(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    elsewhere = {"location": "northeurope"}
    groups = cloud.resources.resource_groups
    error = refused(lambda: groups.create_or_update("rg", elsewhere), "InvalidResourceGroupLocation")
    assert error.status_code == 409


def test_a_group_delete_takes_machines_networks_and_disks_with_it(cloud: Harness) -> None:
    vm_id = bodies.run_machine(cloud)
    before = {item.type for item in cloud.resources.resources.list_by_resource_group("rg")}
    assert {"Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks"} < before
    cloud.resources.resource_groups.begin_delete("rg").result()
    left = [item["id"] for item in cloud.local("GET", "resources")["resources"] if "/resourceGroups/rg/" in item["id"]]
    assert left == []
    assert cloud.guests.runs(vm_id.lower()) == []
    assert list((cloud.data / "guests").glob("*.json")) == []


def test_unknown_subscriptions_groups_and_parents_are_worded_as_azure_does(cloud: Harness) -> None:
    network = "/providers/Microsoft.Network/virtualNetworks/net"
    cases = {
        "/subscriptions/no/resourceGroups/rg": "SubscriptionNotFound",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/no{network}": "ResourceGroupNotFound",
        f"{SEEDED}{network}": "ResourceNotFound",
        f"{SEEDED}{network}/subnets/a": "ParentResourceNotFound",
    }
    for path, code in cases.items():
        answer = cloud.http("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code), path


def test_providers_locations_and_the_identity_are_there(cloud: Harness) -> None:
    assert cloud.resources.providers.get("Microsoft.Compute").registration_state == "Registered"
    locations = cloud.http("GET", f"/subscriptions/{SUBSCRIPTION}/locations").json()["value"]
    assert {"westeurope", "northeurope"} <= {location["name"] for location in locations}
    identity = cloud.http("GET", f"{SEEDED}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder").json()
    assert identity["properties"]["principalId"]


def test_a_role_assignment_is_kept_and_goes_with_its_group(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    name = "11111111-1111-1111-1111-111111111111"
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Authorization/roleAssignments/{name}"
    body = {"properties": {"roleDefinitionId": "/x", "principalId": "p"}}
    assert cloud.put(path, body).status_code == 201
    assert cloud.http("GET", path).json()["properties"]["principalId"] == "p"
    cloud.resources.resource_groups.begin_delete("rg").result()
    assert path not in {item["id"] for item in cloud.local("GET", "resources")["resources"]}


def test_a_group_with_a_disk_under_access_is_not_deleted(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    grant = {"access": "Read", "durationInSeconds": 600}
    cloud.compute.disks.begin_grant_access("rg", "disk", grant).result()
    groups = cloud.resources.resource_groups
    refused(lambda: groups.begin_delete("rg").result(), "OperationNotAllowed")
    cloud.compute.disks.begin_revoke_access("rg", "disk").result()
    groups.begin_delete("rg").result()
    assert not groups.check_existence("rg")


def test_a_groups_tags_are_changed_without_its_region_being_named(cloud: Harness) -> None:
    groups = cloud.resources.resource_groups
    groups.create_or_update("rg", {"location": "westeurope", "tags": {"a": "1"}})
    assert groups.update("rg", {"tags": {"b": "2"}}).tags == {"b": "2"}
    assert groups.update("rg", {}).tags == {"b": "2"}
    refused(lambda: groups.update("none", {"tags": {}}), "ResourceGroupNotFound")


def names(found: Any) -> list[str]:
    return [resource.name for resource in found]


def test_a_groups_resources_are_listed_by_type_and_by_tag(cloud: Harness) -> None:
    bodies.stage(cloud)
    tagged = {"location": "westeurope", "tags": {"Team": "images"}}
    cloud.network.network_security_groups.begin_create_or_update("rg", "nsg", tagged).result()
    listed = cloud.resources.resources.list_by_resource_group
    assert names(listed("rg")) == ["net", "nic", "nsg"]
    assert names(listed("rg", filter="resourceType eq 'microsoft.network/virtualnetworks'")) == ["net"]
    assert names(listed("rg", filter="tagName eq 'team' and tagValue eq 'images'")) == ["nsg"]
    assert names(listed("rg", filter="tagName eq 'Team'")) == ["nsg"]
    assert names(listed("rg", filter="tagName eq 'Team' and tagValue eq 'other'")) == []
    (network,) = listed("rg", filter="resourceType eq 'Microsoft.Network/virtualNetworks'", expand="provisioningState")
    assert network.provisioning_state == "Succeeded"
    refused(lambda: names(listed("rg", filter="colour eq 'red'")), "InvalidParameter")
    assert {"net", "vnet-builds"} <= set(names(cloud.resources.resources.list()))


def test_a_list_by_a_tags_value_has_no_tags_and_takes_no_expand(cloud: Harness) -> None:
    bodies.stage(cloud)
    tagged = {"location": "westeurope", "tags": {"Team": "images"}}
    cloud.network.network_security_groups.begin_create_or_update("rg", "nsg", tagged).result()
    listed = cloud.resources.resources.list
    by_value = "tagName eq 'Team' and tagValue eq 'images'"
    assert [found.tags for found in listed(filter=by_value)] == [None]
    assert [found.tags for found in listed(filter="tagName eq 'Team'")] == [{"Team": "images"}]
    assert (
        refused(lambda: names(listed(filter=by_value, expand="createdTime")), "EmulatorUnsupported").status_code == 501
    )


def test_long_lists_come_in_pages(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    for number in range(5):
        name = f"nsg{number}"
        cloud.network.network_security_groups.begin_create_or_update("rg", name, {"location": "westeurope"}).result()
    pages = list(cloud.resources.resources.list_by_resource_group("rg", top=2).by_page())
    assert [names(page) for page in pages] == [["nsg0", "nsg1"], ["nsg2", "nsg3"], ["nsg4"]]
    by_type = "resourceType eq 'Microsoft.Network/networkSecurityGroups'"
    filtered = cloud.resources.resources.list_by_resource_group("rg", top=3, filter=by_type)
    assert len(names(filtered)) == 5
    assert "rg-images" in names(cloud.resources.resource_groups.list(top=1))
