from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness, refused


@pytest.fixture(autouse=True)
def group(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})


def test_a_network_brings_its_subnets_and_keeps_those_it_does_not_name(cloud: Harness) -> None:
    networks = cloud.network.virtual_networks
    made = networks.begin_create_or_update("rg", "net", bodies.network()).result()
    assert made.provisioning_state == "Succeeded"
    assert [subnet.name for subnet in made.subnets or []] == ["builds"]
    again: Any = bodies.network()
    del again["properties"]["subnets"]
    assert [subnet.name for subnet in networks.begin_create_or_update("rg", "net", again).result().subnets or []] == [
        "builds"
    ]
    networks.begin_delete("rg", "net").result()
    with pytest.raises(ResourceNotFoundError):
        networks.get("rg", "net")


def test_a_new_network_answers_201_with_async_headers_and_an_old_one_200(cloud: Harness) -> None:
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Network/virtualNetworks/net"
    first, second = cloud.put(path, bodies.network()), cloud.put(path, bodies.network())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["properties"]["provisioningState"] == "Updating"
    assert first.headers["Azure-AsyncOperation"].startswith(f"{cloud.url}/subscriptions/")


def test_an_interface_gets_the_lowest_free_address_and_keeps_it(cloud: Harness) -> None:
    bodies.stage(cloud)
    interfaces = cloud.network.network_interfaces
    first = interfaces.get("rg", "nic")
    second = interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    again = interfaces.begin_create_or_update("rg", "nic", bodies.interface("rg")).result()
    addresses = [(nic.ip_configurations or [])[0].private_ip_address for nic in (first, second, again)]
    assert addresses == ["10.0.0.4", "10.0.0.5", "10.0.0.4"]


def test_an_interface_needs_its_subnet(cloud: Harness) -> None:
    interfaces = cloud.network.network_interfaces
    body = bodies.interface("rg")
    error = refused(lambda: interfaces.begin_create_or_update("rg", "nic", body), "InvalidResourceReference")
    assert error.status_code == 400


def test_what_is_in_use_cannot_be_deleted(cloud: Harness) -> None:
    security = cloud.network.network_security_groups
    group = security.begin_create_or_update("rg", "nsg", {"location": "westeurope"}).result()
    body = bodies.network()
    body["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": group.id}
    cloud.network.virtual_networks.begin_create_or_update("rg", "net", body).result()
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic", bodies.interface("rg")).result()
    cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", bodies.machine("rg")).result()
    refused(lambda: cloud.network.subnets.begin_delete("rg", "net", "builds"), "InUseSubnetCannotBeDeleted")
    refused(lambda: cloud.network.virtual_networks.begin_delete("rg", "net"), "InUseSubnetCannotBeDeleted")
    refused(lambda: security.begin_delete("rg", "nsg"), "InUseNetworkSecurityGroupCannotBeDeleted")
    assert refused(lambda: cloud.network.network_interfaces.begin_delete("rg", "nic"), "NicInUse").status_code == 400


def test_deleting_what_is_not_there_answers_204(cloud: Harness) -> None:
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Network/networkInterfaces/no"
    assert cloud.http("DELETE", path).status_code == 204


def test_overlapping_or_foreign_subnets_are_refused(cloud: Harness) -> None:
    cloud.network.virtual_networks.begin_create_or_update("rg", "net", bodies.network()).result()
    subnets = cloud.network.subnets
    overlapping = {"properties": {"addressPrefix": "10.0.0.128/25"}}
    foreign = {"properties": {"addressPrefix": "10.9.0.0/24"}}
    refused(lambda: subnets.begin_create_or_update("rg", "net", "two", overlapping), "NetcfgSubnetRangesOverlap")
    refused(lambda: subnets.begin_create_or_update("rg", "net", "two", foreign), "NetcfgInvalidSubnet")


VNET_BUILDS = f"{bodies.group_id('rg-network')}/providers/Microsoft.Network/virtualNetworks/vnet-builds"


def in_subnet(subnet_id: str, location: str = bodies.REGION, **properties: Any) -> Any:
    """Return the body of an interface in a subnet."""
    configuration = {"name": "private", "properties": {"subnet": {"id": subnet_id}}}
    return {"location": location, "properties": {"ipConfigurations": [configuration], **properties}}


def test_a_users_network_is_there_with_a_subnet_for_builds_and_a_delegated_one(cloud: Harness) -> None:
    builds, aci = (cloud.network.subnets.get("rg-network", "vnet-builds", name) for name in ("builds", "aci"))
    assert builds.private_link_service_network_policies == "Disabled"
    assert builds.delegations == []
    (delegation,) = aci.delegations
    assert (delegation.service_name, delegation.provisioning_state) == (
        "Microsoft.ContainerInstance/containerGroups",
        "Succeeded",
    )
    assert aci.private_endpoint_network_policies == "Disabled"
    assert aci.private_link_service_network_policies == "Enabled"
    assert [subnet.name for subnet in cloud.network.subnets.list("rg-network", "vnet-builds")] == ["builds", "aci"]


def test_an_interface_lies_in_a_subnet_of_another_group_with_a_security_group_of_its_own(cloud: Harness) -> None:
    group = cloud.network.network_security_groups.begin_create_or_update(
        "rg", "nsg", {"location": "westeurope"}
    ).result()
    body = in_subnet(f"{VNET_BUILDS}/subnets/builds", networkSecurityGroup={"id": group.id})
    made = cloud.network.network_interfaces.begin_create_or_update("rg", "nic", body).result()
    assert made.network_security_group.id == group.id
    assert made.ip_configurations[0].private_ip_address == "10.20.0.4"
    subnet = cloud.network.subnets.get("rg-network", "vnet-builds", "builds")
    assert [used.id for used in subnet.ip_configurations] == [made.ip_configurations[0].id]


def test_a_delegated_subnet_takes_no_interface(cloud: Harness) -> None:
    body = in_subnet(f"{VNET_BUILDS}/subnets/aci")
    create = cloud.network.network_interfaces.begin_create_or_update
    error = refused(lambda: create("rg", "nic", body), "ResourceNotPermittedOnDelegatedSubnet")
    assert error.status_code == 400


def test_a_subnet_in_use_cannot_be_delegated(cloud: Harness) -> None:
    subnet_id = f"{VNET_BUILDS}/subnets/builds"
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic", in_subnet(subnet_id)).result()
    delegation = {"name": "aci", "properties": {"serviceName": "Microsoft.ContainerInstance/containerGroups"}}
    body = {"properties": {"addressPrefix": "10.20.0.0/24", "delegations": [delegation]}}
    create = cloud.network.subnets.begin_create_or_update
    refused(
        lambda: create("rg-network", "vnet-builds", "builds", body),
        "SubnetDelegationsCannotChangeWhenSubnetUsedByResource",
    )


def test_what_a_resource_refers_to_has_to_be_in_its_region(cloud: Harness) -> None:
    elsewhere = in_subnet(f"{VNET_BUILDS}/subnets/builds", location="northeurope")
    interfaces = cloud.network.network_interfaces
    error = refused(lambda: interfaces.begin_create_or_update("rg", "nic", elsewhere), "InvalidResourceReference")
    assert "both resources are in the same region" in error.message
    far = cloud.network.network_security_groups.begin_create_or_update(
        "rg", "far", {"location": "northeurope"}
    ).result()
    body = in_subnet(f"{VNET_BUILDS}/subnets/builds", networkSecurityGroup={"id": far.id})
    refused(lambda: interfaces.begin_create_or_update("rg", "nic", body), "InvalidResourceReference")
    network = bodies.network()
    network["properties"]["subnets"][0]["properties"]["networkSecurityGroup"] = {"id": far.id}
    networks = cloud.network.virtual_networks
    refused(lambda: networks.begin_create_or_update("rg", "net", network), "InvalidResourceReference")


def test_a_subnet_that_is_full_takes_no_more(cloud: Harness) -> None:
    cloud.network.virtual_networks.begin_create_or_update("rg", "net", bodies.network("10.0.0.0/29")).result()
    interfaces = cloud.network.network_interfaces
    for name in ("one", "two", "three"):  # Azure keeps five of the eight addresses
        interfaces.begin_create_or_update("rg", name, bodies.interface("rg")).result()
    error = refused(lambda: interfaces.begin_create_or_update("rg", "four", bodies.interface("rg")), "SubnetIsFull")
    assert "Subnet builds with address prefix 10.0.0.0/29 does not have enough capacity" in error.message


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.9.9.9", "PrivateIPAddressNotInSubnet"),
        ("10.0.0.3", "PrivateIPAddressInReservedRange"),
        ("10.0.0.255", "PrivateIPAddressInReservedRange"),
        ("10.0.0.4", "PrivateIPAddressInUse"),
    ],
)
def test_an_address_of_ones_own_choice_has_to_be_free(cloud: Harness, address: str, code: str) -> None:
    bodies.stage(cloud)
    body = bodies.interface("rg")
    body["properties"]["ipConfigurations"][0]["properties"] |= {
        "privateIPAddress": address,
        "privateIPAllocationMethod": "Static",
    }
    refused(lambda: cloud.network.network_interfaces.begin_create_or_update("rg", "other", body), code)
