"""From an image reference to what a machine starts from: marketplace, managed image or gallery version.

It owns this look-up with its refusals; it must not know virtual machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devkit.azure import ids, marketplace_catalog
from devkit.azure.errors import ArmError, invalid
from devkit.azure.gallery.replication import regional_state
from devkit.guests.port import DiskImage, GuestSource, MarketplaceImage

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

IMAGE = "microsoft.compute/images"
DEFINITION = "microsoft.compute/galleries/images"
VERSION = "microsoft.compute/galleries/images/versions"
_TARGET = "properties.storageProfile.imageReference"


@dataclass(frozen=True)
class ImageFacts:
    """What an image is made of and into: `size_gb` rounded up, `exact` the version that was meant."""

    source: GuestSource
    os_type: str
    generation: str
    size_gb: int
    generalized: bool = True
    exact: str | None = None


def resolve(cloud: Cloud, reference: dict[str, Any], location: str) -> ImageFacts:
    """Find the image that a reference means in a region. Raises ArmError."""
    if "id" not in reference:
        return _marketplace(cloud, reference)
    kind = ids.parse(reference["id"], _TARGET).type.lower()
    if kind not in {IMAGE, DEFINITION, VERSION}:
        raise invalid(f"'{reference['id']}' is no image.", _TARGET)
    if kind == DEFINITION:
        resource = _latest(cloud, cloud.store.get(reference["id"]), location)
    else:
        resource = cloud.store.get(reference["id"])
    if kind != IMAGE and regional_state(resource, location) != "Completed":
        message = f"The gallery image {resource.id} is not available in {location} region. Please contact image owner."
        raise ArmError(404, "GalleryImageNotFound", message, target=_TARGET)
    return facts_of(resource)


def facts_of(resource: Resource) -> ImageFacts:
    """Return the facts of a managed image, gallery version or snapshot. Raises ArmError (409) if not captured yet."""
    if "file" not in resource.private:
        raise ArmError(409, "Conflict", f"The image {resource.id} has not been captured.")
    kept = resource.private
    exact = resource.name if resource.type.lower() == VERSION else None
    return ImageFacts(
        DiskImage(Path(kept["file"])), kept["os_type"], kept["generation"], kept["size_gb"], kept["generalized"], exact
    )


def _latest(cloud: Cloud, definition: Resource, location: str) -> Resource:
    usable = [
        version
        for version in cloud.store.list(kind=VERSION, within=definition.id)
        if regional_state(version, location) == "Completed"
        and not version.properties.get("publishingProfile", {}).get("excludeFromLatest", False)
    ]
    if not usable:
        message = f"No usable version of {definition.id} in {location}."
        raise ArmError(404, "GalleryImageNotFound", message, target=_TARGET)
    return max(usable, key=lambda version: marketplace_catalog.order(version.name))


def _marketplace(cloud: Cloud, reference: dict[str, Any]) -> ImageFacts:
    missing = [part for part in ("publisher", "offer", "sku", "version") if part not in reference]
    if missing:
        raise invalid(f"Required parameter '{missing[0]}' is missing (null).", f"{_TARGET}.{missing[0]}")
    names = (reference["publisher"], reference["offer"], reference["sku"])
    wanted = reference.get("exactVersion", reference["version"])
    image = marketplace_catalog.resolve(cloud.store, *names, wanted)
    source = MarketplaceImage(image.publisher, image.offer, image.sku, image.version)
    return ImageFacts(source, image.os_type, image.generation, image.size_gb, exact=image.version)
