from __future__ import annotations

import uuid
from typing import Any

import pytest

from devkit.azure.cloud_ids import BUILDER_CLIENT_ID
from kiln.cloud import identities, networks
from kiln.config import Config
from kiln.errors import BuildError
from kiln.template.vm_profile import VnetConfig
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

IDENTITIES = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
)


def subnet(name: str, prefix: str, delegated: str | None = None) -> dict[str, Any]:
    delegations = [{"name": "service", "properties": {"serviceName": delegated}}] if delegated else []
    return {"name": name, "properties": {"addressPrefix": prefix, "delegations": delegations}}


@pytest.fixture
def network() -> str:
    """A network with a free subnet and two delegated ones."""
    network_id = f"{arm.group('rg-own-network')}/providers/Microsoft.Network/virtualNetworks/n-{uuid.uuid4().hex[:8]}"
    arm.network(
        network_id,
        [
            subnet("free", "10.9.0.0/24"),
            subnet("containers", "10.9.1.0/24", "Microsoft.ContainerInstance/containerGroups"),
            subnet("database", "10.9.2.0/24", "Microsoft.DBforPostgreSQL/flexibleServers"),
        ],
    )
    return network_id


def problems(network: str, build: str, containers: str | None = None, location: str = "westeurope") -> list[str]:
    vnet = VnetConfig(
        subnet_id=f"{network}/subnets/{build}",
        container_instance_subnet_id=f"{network}/subnets/{containers}" if containers else None,
    )
    return [str(error) for error in networks.check(vnet, location)]


def test_a_free_subnet_and_one_for_containers_are_fine(network: str) -> None:
    assert problems(network, "free", "containers", "West Europe") == []
    assert networks.check(VnetConfig(), "westeurope") == []


def test_all_that_is_wrong_with_subnets_is_told_at_once(network: str) -> None:
    found = problems(network, "database", "free", "northeurope")

    assert len(found) == 3
    assert "is in westeurope, but the template is in northeurope" in found[0]
    assert "delegated to Microsoft.DBforPostgreSQL/flexibleServers, so no machine can be in it" in found[1]
    assert "delegated to nothing; expected Microsoft.ContainerInstance/containerGroups" in found[2]


def test_a_network_or_subnet_that_is_not_there_is_named(network: str) -> None:
    assert "subnets/other does not exist" in problems(network, "other")[0]
    assert f"{network}-not does not exist" in problems(f"{network}-not", "free")[0]


def test_a_subnets_network_is_the_one_in_its_id_in_any_case(network: str) -> None:
    """Otherwise a network with the name of the subnet would be looked up, in reach or not."""
    vnet = VnetConfig(subnet_id=f"{network}/SUBNETS/free")

    assert networks.check(vnet, "westeurope") == []


def test_kilns_own_identity_is_no_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "config", lambda: Config(state_endpoint="https://s", client_id=BUILDER_CLIENT_ID))

    with pytest.raises(BuildError, match="builder is Kiln's own, which no template may use"):
        identities.check(f"{IDENTITIES}/builder", "identity.userAssignedIdentities")


def test_an_identity_is_there_or_named() -> None:
    identities.check(f"{IDENTITIES}/builder", "identity.userAssignedIdentities")

    with pytest.raises(BuildError, match="userAssignedIdentities/nobody does not exist") as caught:
        identities.check(f"{IDENTITIES}/nobody", "identity.userAssignedIdentities")
    assert caught.value.detail.target == "identity.userAssignedIdentities"
