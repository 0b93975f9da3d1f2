"""Clients of Azure's SDKs, one of each for the process, made when first used.

It owns endpoints, credential and API versions. The versions are pinned, so that Azure behaves the same when a package
is updated; some clients get theirs here, the others with each call.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from kiln.config import config, credential
from kiln.connections import connecting_to

if TYPE_CHECKING:
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.network import NetworkManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.storage import StorageManagementClient

RESOURCES = "2024-07-01"
NETWORK = "2024-05-01"
STORAGE = "2023-05-01"
COMPUTE = "2024-07-01"
DISKS = "2024-03-02"
GALLERIES = "2024-03-03"
SKUS = "2021-07-01"
PERMISSIONS = "2022-04-01"


def _settings() -> dict[str, Any]:
    settings = config()
    connection = connecting_to(settings.arm_endpoint)
    return {"base_url": settings.arm_endpoint, "credential_scopes": [settings.arm_scope], **connection}


@functools.cache
def resources(subscription: str) -> ResourceManagementClient:
    """Return the client for resource groups and resources of any type."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    return ResourceManagementClient(credential(), subscription, api_version=RESOURCES, **_settings())


@functools.cache
def network(subscription: str) -> NetworkManagementClient:
    """Return the client for networks."""
    from azure.mgmt.network import NetworkManagementClient

    return NetworkManagementClient(credential(), subscription, **_settings())


@functools.cache
def storage(subscription: str) -> StorageManagementClient:
    """Return the client for storage accounts, but not for their blobs."""
    from azure.mgmt.storage import StorageManagementClient

    return StorageManagementClient(credential(), subscription, api_version=STORAGE, **_settings())


@functools.cache
def compute(subscription: str) -> ComputeManagementClient:
    """Return the client for machines, disks, galleries and the marketplace."""
    from azure.mgmt.compute import ComputeManagementClient

    return ComputeManagementClient(credential(), subscription, **_settings())
