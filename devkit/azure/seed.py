"""What a new local Azure contains: a group with a gallery and an identity, one with a network, a small marketplace.

It owns these facts; it must not overwrite what an earlier process stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.cloud_ids import BUILDER_CLIENT_ID, BUILDER_ID, BUILDER_PRINCIPAL_ID, SUBSCRIPTION_ID
from devkit.azure.gallery import definitions, galleries
from devkit.azure.identity import app_identities, identities
from devkit.azure.marketplace_catalog import Published, add
from devkit.azure.network import subnets, virtual_networks
from devkit.azure.resources import groups
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

GROUP_ID = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-images"
NETWORK_GROUP_ID = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-network"
_REGION = "westeurope"
_DEFINITIONS = (("hello", "Linux"), ("base", "Linux"), ("app", "Linux"), ("win", "Windows"))
_DEBIAN = ("Debian", "debian-12", "12-gen2")
_UBUNTU = ("Canonical", "ubuntu-24_04-lts", "server")
_WINDOWS = ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2")
_MARKETPLACE = (
    *(Published(*_DEBIAN, version, "Linux") for version in ("0.20250316.2053", "0.20250703.2162", "0.20250911.2232")),
    *(Published(*_UBUNTU, version, "Linux") for version in ("24.04.202506060", "24.04.202508230", "24.04.202510010")),
    *(
        Published(*_WINDOWS, version, "Windows", size_gb=127)
        for version in ("20348.3807.250607", "20348.4052.250808", "20348.4294.251009")
    ),
)


def seed(cloud: Cloud) -> None:
    """Fill an empty store; a store that has the seeded group is left alone."""
    if cloud.store.find(GROUP_ID) is not None:
        return
    succeeded = {"provisioningState": "Succeeded"}
    cloud.store.save(Resource(GROUP_ID, groups.TYPE, {"location": _REGION, "properties": dict(succeeded)}))
    gallery_id = f"{GROUP_ID}/providers/{galleries.TYPE}/gallery"
    unique = {"identifier": {"uniqueName": f"{SUBSCRIPTION_ID}-GALLERY"}}
    cloud.store.save(Resource(gallery_id, galleries.TYPE, {"location": _REGION, "properties": {**unique, **succeeded}}))
    for name, os_type in _DEFINITIONS:
        properties = {
            "osType": os_type,
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "identifier": {"publisher": "local", "offer": "images", "sku": name},
            **succeeded,
        }
        doc = {"location": _REGION, "properties": properties}
        cloud.store.save(Resource(f"{gallery_id}/images/{name}", definitions.TYPE, doc))
    identities.make(cloud, BUILDER_ID, _REGION, client=BUILDER_CLIENT_ID, principal=BUILDER_PRINCIPAL_ID)
    app_identities.assign(cloud.store, BUILDER_ID)
    for image in _MARKETPLACE:
        add(cloud.store, image)
    _seed_network(cloud)


def _seed_network(cloud: Cloud) -> None:
    """Make a network for builds in a network of one's own: a subnet for machines, and one for container instances."""
    succeeded = {"provisioningState": "Succeeded"}
    cloud.store.save(Resource(NETWORK_GROUP_ID, groups.TYPE, {"location": _REGION, "properties": dict(succeeded)}))
    network_id = f"{NETWORK_GROUP_ID}/providers/{virtual_networks.TYPE}/vnet-builds"
    properties = {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, **succeeded}
    cloud.store.save(Resource(network_id, virtual_networks.TYPE, {"location": _REGION, "properties": properties}))
    containers = {"name": "aci", "properties": {"serviceName": "Microsoft.ContainerInstance/containerGroups"}}
    policies = {"privateLinkServiceNetworkPolicies": "Disabled"}  # as Image Builder asks of a network that it builds in
    given = [
        {"name": "builds", "properties": {"addressPrefix": "10.20.0.0/24", **policies}},
        {"name": "aci", "properties": {"addressPrefix": "10.20.1.0/24", "delegations": [containers]}},
    ]
    subnets.replace(cloud, network_id, given)
