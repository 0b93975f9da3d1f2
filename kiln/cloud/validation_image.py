"""The image that a validation machine is made from: gallery, definition and shallow version in the staging group.

A shallow version copies nothing, so it is ready soon (Microsoft's "Store and share images in a compute gallery").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.operations import start
from kiln.ids import resource_id
from kiln.planner.facts import DISK_CONTROLLERS

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.planner.plan import ValidationImageSpec


def gallery_id(image: ValidationImageSpec) -> str:
    """Return the gallery's ARM id."""
    return resource_id(image.subscription, image.group, "Microsoft.Compute/galleries", image.gallery)


def definition_id(image: ValidationImageSpec) -> str:
    """Return the image definition's ARM id."""
    return f"{gallery_id(image)}/images/{image.definition}"


def version_id(image: ValidationImageSpec) -> str:
    """Return the version's ARM id."""
    return f"{definition_id(image)}/versions/{image.version}"


def start_gallery(image: ValidationImageSpec) -> Operation:
    """Start to make the gallery."""
    body: Any = {"location": image.location, "tags": image.tags, "properties": {}}
    return start(
        f"create the gallery {image.gallery}",
        clients.compute(image.subscription).galleries.begin_create_or_update,
        image.group,
        image.gallery,
        body,
        api_version=clients.GALLERIES,
    )


def start_definition(image: ValidationImageSpec) -> Operation:
    """Start to make the definition, which keeps generation, architecture, security type and disk controllers."""
    features: dict[str, str] = {}  # without them a definition is Standard, and for SCSI alone
    if image.security != "Standard":
        features["SecurityType"] = image.security
    if image.controllers != ("SCSI",):
        features[DISK_CONTROLLERS] = ", ".join(image.controllers)
    body: Any = {
        "location": image.location,
        "tags": image.tags,
        "properties": {
            "osType": image.os,
            "osState": "Generalized",
            "hyperVGeneration": image.generation,
            "architecture": image.architecture,
            "identifier": {"publisher": "kiln", "offer": "validation", "sku": image.definition},
            "features": [{"name": name, "value": value} for name, value in features.items()],
        },
    }
    return start(
        f"create the image definition {image.definition}",
        clients.compute(image.subscription).gallery_images.begin_create_or_update,
        image.group,
        image.gallery,
        image.definition,
        body,
        api_version=clients.GALLERIES,
    )


def start_version(image: ValidationImageSpec, machine: str) -> Operation:
    """Start to make the version of the generalized machine with the ARM id `machine`."""
    body: Any = {
        "location": image.location,
        "tags": image.tags,
        "properties": {
            "storageProfile": {"source": {"virtualMachineId": machine}},
            "publishingProfile": {
                "replicationMode": "Shallow",
                "targetRegions": [{"name": image.location, "regionalReplicaCount": 1}],
            },
        },
    }
    return start(
        f"create the image version {image.definition}/{image.version}",
        clients.compute(image.subscription).gallery_image_versions.begin_create_or_update,
        image.group,
        image.gallery,
        image.definition,
        image.version,
        body,
        api_version=clients.GALLERIES,
    )
