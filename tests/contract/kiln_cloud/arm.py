"""Resources that Kiln does not make, made by the SDK as their owners would.

It owns these few bodies; it must not know what Kiln does with them.
"""

from __future__ import annotations

from typing import Any

from kiln.cloud import clients
from kiln.ids import group_id, name_of, part_of
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

COMPUTE, GALLERIES, NETWORK = clients.COMPUTE, clients.GALLERIES, clients.NETWORK
SOON: Any = {"polling_interval": 0.1}
"""Polling options, in seconds; where Azure says nothing, the SDK asks every 30."""


def group(name: str, location: str = "westeurope", tags: dict[str, str] | None = None) -> str:
    """Make a resource group, if it is not there, and return its id."""
    body: Any = {"location": location, "tags": tags or {}}
    clients.resources(SUBSCRIPTION).resource_groups.create_or_update(name, body)
    return group_id(SUBSCRIPTION, name)


def managed_image(image_id: str, source: dict[str, Any], location: str = "westeurope", **tags: str) -> None:
    """Make a managed image; `source` is its properties but for the generation."""
    body: Any = {"location": location, "tags": tags, "properties": {"hyperVGeneration": "V2", **source}}
    compute = clients.compute(SUBSCRIPTION)
    compute.images.begin_create_or_update(
        part_of(image_id, "resourceGroups"), name_of(image_id), body, api_version=COMPUTE, **SOON
    ).result()


def definition(image_id: str, **properties: Any) -> None:
    """Make a gallery, if it is not there, and an image definition in it."""
    group_name, gallery, name = (part_of(image_id, part) for part in ("resourceGroups", "galleries", "images"))
    compute = clients.compute(SUBSCRIPTION)
    empty: Any = {"location": "westeurope", "properties": {}}
    compute.galleries.begin_create_or_update(group_name, gallery, empty, api_version=GALLERIES, **SOON).result()
    identifier = {"publisher": "test", "offer": "test", "sku": name}
    facts = {"osType": "Linux", "osState": "Generalized", "hyperVGeneration": "V2", "identifier": identifier}
    body: Any = {"location": "westeurope", "properties": {**facts, **properties}}
    compute.gallery_images.begin_create_or_update(
        group_name, gallery, name, body, api_version=GALLERIES, **SOON
    ).result()


def version(image_id: str, name: str, machine: str, *regions: str, excluded: bool = False) -> None:
    """Publish a version of a generalized machine; without regions, in West Europe alone."""
    group_name, gallery, image = (part_of(image_id, part) for part in ("resourceGroups", "galleries", "images"))
    body: Any = {
        "location": "westeurope",
        "properties": {
            "storageProfile": {"source": {"virtualMachineId": machine}},
            "publishingProfile": {
                "excludeFromLatest": excluded,
                "targetRegions": [{"name": region} for region in regions or ("westeurope",)],
            },
        },
    }
    clients.compute(SUBSCRIPTION).gallery_image_versions.begin_create_or_update(
        group_name, gallery, image, name, body, api_version=GALLERIES, **SOON
    ).result()


def network(network_id: str, subnets: list[dict[str, Any]], location: str = "westeurope") -> None:
    """Make a virtual network with subnets."""
    body: Any = {
        "location": location,
        "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": subnets},
    }
    clients.network(SUBSCRIPTION).virtual_networks.begin_create_or_update(
        part_of(network_id, "resourceGroups"), name_of(network_id), body, api_version=NETWORK, **SOON
    ).result()
