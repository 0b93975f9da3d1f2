"""The check of the subnets that a template names, by the rules of Microsoft's image-builder-json, `vnetConfig`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused
from kiln.errors import AzureNotFound, BuildError
from kiln.ids import name_of, part_of, region_name

if TYPE_CHECKING:
    from azure.mgmt.network.models import Subnet, VirtualNetwork

    from kiln.template.vm_profile import VnetConfig

PATH = "properties.vmProfile.vnetConfig"
CONTAINERS = "Microsoft.ContainerInstance/containerGroups"


def check(vnet: VnetConfig, location: str) -> list[BuildError]:
    """Return all problems of the template's subnets. Both are in one network, which the template's models check."""
    if vnet.subnet_id is None:
        return []
    network_id = vnet.subnet_id.rsplit("/", 2)[0]
    network = _network(network_id)
    if network is None:
        message = f"The virtual network {network_id} does not exist."
        return [refused(message, target=f"{PATH}.subnetId", hint="Create it first, or correct subnetId.")]
    problems = []
    if region_name(str(network.location)) != region_name(location):
        problems.append(
            refused(
                f"The virtual network {network_id} is in {network.location}, but the template is in {location}.",
                target=f"{PATH}.subnetId",
                hint="Name a subnet of the template's region.",
            )
        )
    problems += _check_build_subnet(network, vnet.subnet_id)
    if vnet.container_instance_subnet_id is not None:
        problems += _check_container_subnet(network, vnet.container_instance_subnet_id)
    return problems


def _check_build_subnet(network: VirtualNetwork, subnet_id: str) -> list[BuildError]:
    target = f"{PATH}.subnetId"
    subnet = _subnet(network, subnet_id)
    if subnet is None:
        return [refused(f"The subnet {subnet_id} does not exist.", target=target, hint="Create it first.")]
    services = _delegations(subnet)
    if not services:
        return []
    return [
        refused(
            f"The subnet {subnet_id} is delegated to {', '.join(services)}, so no machine can be in it.",
            target=target,
            hint="Name a subnet without delegations.",
        )
    ]


def _check_container_subnet(network: VirtualNetwork, subnet_id: str) -> list[BuildError]:
    target = f"{PATH}.containerInstanceSubnetId"
    subnet = _subnet(network, subnet_id)
    if subnet is None:
        return [refused(f"The subnet {subnet_id} does not exist.", target=target, hint="Create it first.")]
    services = _delegations(subnet)
    if CONTAINERS.lower() in {service.lower() for service in services}:
        return []
    return [
        refused(
            f"The subnet {subnet_id} is delegated to {', '.join(services) or 'nothing'}; expected {CONTAINERS}.",
            target=target,
            hint="Delegate it, or leave containerInstanceSubnetId out: Kiln needs no container instances.",
        )
    ]


def _network(network_id: str) -> VirtualNetwork | None:
    try:
        with azure(f"look up the virtual network {network_id}"):
            return clients.network(part_of(network_id, "subscriptions")).virtual_networks.get(
                part_of(network_id, "resourceGroups"), name_of(network_id), api_version=clients.NETWORK
            )
    except AzureNotFound:
        return None


def _subnet(network: VirtualNetwork, subnet_id: str) -> Subnet | None:
    wanted = name_of(subnet_id).lower()
    return next((subnet for subnet in network.subnets or [] if str(subnet.name).lower() == wanted), None)


def _delegations(subnet: Subnet) -> list[str]:
    return [str(delegation.service_name) for delegation in subnet.delegations or []]
