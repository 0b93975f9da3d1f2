"""Contents of a new local Azure: a group with a gallery and an identity, one with a network, a small marketplace.

It owns these facts; it must not overwrite what an earlier process stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.cloud_ids import BUILDER_CLIENT_ID, BUILDER_ID, BUILDER_PRINCIPAL_ID, SUBSCRIPTION_ID
from devkit.azure.gallery import definitions, galleries
from devkit.azure.identity import app_identities, identities
from devkit.azure.marketplace_catalog import add
from devkit.azure.network import subnets, virtual_networks
from devkit.azure.resources import groups
from devkit.azure.seed_images import DEFINITIONS, MARKETPLACE
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

GROUP_ID = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-images"
NETWORK_GROUP_ID = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-network"
_REGION = "westeurope"


def seed(cloud: Cloud) -> None:
    """Fill an empty store; a store that has the seeded group is left alone."""
    if cloud.store.find(GROUP_ID) is not None:
        return
    succeeded = {"provisioningState": "Succeeded"}
    cloud.store.save(Resource(GROUP_ID, groups.TYPE, {"location": _REGION, "properties": dict(succeeded)}))
    gallery_id = f"{GROUP_ID}/providers/{galleries.TYPE}/gallery"
    unique = {"identifier": {"uniqueName": f"{SUBSCRIPTION_ID}-GALLERY"}}
    cloud.store.save(Resource(gallery_id, galleries.TYPE, {"location": _REGION, "properties": {**unique, **succeeded}}))
    for name, facts in DEFINITIONS.items():
        properties = {**facts, "identifier": {"publisher": "local", "offer": "images", "sku": name}, **succeeded}
        doc = {"location": _REGION, "properties": properties}
        cloud.store.save(Resource(f"{gallery_id}/images/{name}", definitions.TYPE, doc))
    identities.make(cloud, BUILDER_ID, _REGION, client=BUILDER_CLIENT_ID, principal=BUILDER_PRINCIPAL_ID)
    app_identities.assign(cloud.store, BUILDER_ID)
    for image in MARKETPLACE:
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
