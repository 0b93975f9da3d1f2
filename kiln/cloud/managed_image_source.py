"""Managed images as sources: generalized, in the template's own subscription and region.

Rules: Microsoft's image-builder-json, `ManagedImage` source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused_source
from kiln.errors import AzureNotFound
from kiln.ids import name_of, part_of, region_name
from kiln.planner.facts import ImageReference, SourceFacts

if TYPE_CHECKING:
    from azure.mgmt.compute.models import Image

    from kiln.template.sources import ManagedImageSource

CODE = "BadManagedImageSource"
TARGET = "properties.source.imageId"


def source_facts(subscription: str, location: str, source: ManagedImageSource) -> SourceFacts:
    """Return the facts of a managed image. Raises `SourceNotFound`."""
    image_id = source.image_id
    if part_of(image_id, "subscriptions").lower() != subscription.lower():
        raise refused_source(
            CODE,
            f"The managed image {image_id} is not in the template's subscription {subscription}.",
            target=TARGET,
            hint="Use an image of the template's subscription, or a gallery image version, which can be of any.",
        )
    image = _image(image_id)
    _check(image, image_id, location)
    disk = image.storage_profile.os_disk
    return SourceFacts(
        reference=ImageReference(id=image_id),
        version="",
        os="Windows" if disk.os_type == "Windows" else "Linux",
        generation="V2" if image.hyper_v_generation == "V2" else "V1",
        disk_size_gb=disk.disk_size_gb,
        data_disk_luns=tuple(item.lun for item in image.storage_profile.data_disks or []),
    )


def _image(image_id: str) -> Image:
    try:
        with azure("look up the source image"):
            return clients.compute(part_of(image_id, "subscriptions")).images.get(
                part_of(image_id, "resourceGroups"), name_of(image_id), api_version=clients.COMPUTE
            )
    except AzureNotFound:
        raise refused_source(
            CODE,
            f"The managed image {image_id} does not exist.",
            target=TARGET,
            hint="Check imageId with: az image list --output table",
        ) from None


def _check(image: Image, image_id: str, location: str) -> None:
    if region_name(str(image.location)) != region_name(location):
        raise refused_source(
            CODE,
            f"The managed image {image_id} is in {image.location}, but the template is in {location}.",
            target=TARGET,
            hint="A managed image can be used only in its own region: move the template, or use a gallery.",
        )
    disk = image.storage_profile.os_disk if image.storage_profile else None
    if disk is None or disk.os_state != "Generalized":
        raise refused_source(
            CODE,
            f"The managed image {image_id} is not generalized.",
            target=TARGET,
            hint="Generalize the machine before making the image: specialized images cannot be sources.",
        )
