"""The network and the storage account in a template's staging group. Their PUTs may be repeated.

A build first looks whether they exist: that is one call, where a PUT that changes nothing takes two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.contracts.base import Operation
from kiln.contracts.staging import StagedStorage
from kiln.errors import AzureNotFound
from kiln.ids import resource_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.mgmt.network.models import NetworkSecurityGroup, VirtualNetwork
    from azure.mgmt.storage.models import StorageAccount

    from kiln.planner.staging import NetworkSpec, StorageSpec

LOGS = "packerlogs"
"""AIB's name for the container of logs."""
ARTIFACTS = "artifacts"
VHDS = "vhds"
SUCCEEDED = "Succeeded"


def is_ready(find: Callable[[], Any]) -> bool:
    """Whether the resource that `find` looks up exists and is whole. If it is not, a PUT fixes that."""
    try:
        found = find()
    except AzureNotFound:
        return False
    return str(getattr(found.provisioning_state, "value", found.provisioning_state)) == SUCCEEDED


def find_security_group(network: NetworkSpec) -> NetworkSecurityGroup:
    """Return the security group. Raises `AzureNotFound`."""
    with azure(f"look up the network security group {network.security_group}"):
        return clients.network(network.subscription).network_security_groups.get(
            network.group, network.security_group, api_version=clients.NETWORK
        )


def find_network(network: NetworkSpec) -> VirtualNetwork:
    """Return Kiln's own virtual network. Raises `AzureNotFound`."""
    with azure(f"look up the virtual network {network.network}"):
        return clients.network(network.subscription).virtual_networks.get(
            network.group, str(network.network), api_version=clients.NETWORK
        )


def find_storage(storage: StorageSpec) -> StorageAccount:
    """Return the storage account. Raises `AzureNotFound`."""
    with azure(f"look up the storage account {storage.account}"):
        return clients.storage(storage.subscription).storage_accounts.get_properties(storage.group, storage.account)


def start_security_group(network: NetworkSpec) -> Operation:
    """Start to make the security group that lets nothing in, not even from the same network."""
    body: Any = {
        "location": network.location,
        "tags": network.tags,
        "properties": {
            "securityRules": [
                {
                    "name": "deny-all-inbound",
                    "properties": {
                        "priority": 100,
                        "direction": "Inbound",
                        "access": "Deny",
                        "protocol": "*",
                        "sourceAddressPrefix": "*",
                        "sourcePortRange": "*",
                        "destinationAddressPrefix": "*",
                        "destinationPortRange": "*",
                    },
                }
            ]
        },
    }
    return start(
        f"create the network security group {network.security_group}",
        clients.network(network.subscription).network_security_groups.begin_create_or_update,
        network.group,
        network.security_group,
        body,
        api_version=clients.NETWORK,
    )


def start_network(network: NetworkSpec) -> Operation:
    """Start to make the virtual network with its one subnet.

    Subnets are private by default since 2026-03-31; a build machine must reach package sources, so outbound access is
    turned on explicitly (Microsoft's "Default outbound access in Azure"). A template's own subnet is left as it is.
    """
    if network.network is None:
        return Operation(doing=f"use the subnet {network.subnet_id}")
    security_group = resource_id(
        network.subscription, network.group, "Microsoft.Network/networkSecurityGroups", network.security_group
    )
    body: Any = {
        "location": network.location,
        "tags": network.tags,
        "properties": {
            "addressSpace": {"addressPrefixes": [network.address_prefix]},
            "subnets": [
                {
                    "name": network.subnet,
                    "properties": {
                        "addressPrefix": network.address_prefix,
                        "networkSecurityGroup": {"id": security_group},
                        "defaultOutboundAccess": True,
                    },
                }
            ],
        },
    }
    return start(
        f"create the virtual network {network.network}",
        clients.network(network.subscription).virtual_networks.begin_create_or_update,
        network.group,
        network.network,
        body,
        api_version=clients.NETWORK,
    )


def start_storage(storage: StorageSpec) -> Operation:
    """Start to make the storage account: no shared keys, no public blobs, TLS 1.2."""
    body: Any = {
        "location": storage.location,
        "tags": storage.tags,
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "allowSharedKeyAccess": False,
            "allowBlobPublicAccess": False,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
        },
    }
    return start(
        f"create the storage account {storage.account}",
        clients.storage(storage.subscription).storage_accounts.begin_create,
        storage.group,
        storage.account,
        body,
    )


def create_containers(storage: StorageSpec) -> StagedStorage:
    """Make the storage account's containers, and return the endpoint of its blobs with the name of the run's log."""
    from azure.core.exceptions import ResourceExistsError

    account = find_storage(storage)
    endpoint = str(account.primary_endpoints.blob).rstrip("/")
    service = blobs.account(endpoint)
    with azure(f"create the containers of {storage.account}"):
        there = {str(container.name) for container in service.list_containers()}
        for container in (LOGS, ARTIFACTS, VHDS):
            if container in there:
                continue
            try:
                service.create_container(container)
            except ResourceExistsError as error:  # any 409
                if getattr(error, "error_code", None) != "ContainerAlreadyExists":
                    raise
                continue  # another try of the same call was faster
    return StagedStorage(endpoint=endpoint, log_blob=storage.log_blob)
