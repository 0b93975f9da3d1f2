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
