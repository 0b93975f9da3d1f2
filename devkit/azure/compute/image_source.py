"""Look-up of the image that a reference means: marketplace image, managed image or gallery version.

It owns this look-up with its refusals; it must not know virtual machines or disks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devkit.azure import ids, marketplace_catalog
from devkit.azure.errors import ArmError, invalid
from devkit.azure.gallery_facts.features import disk_controllers, features_of, security_type
from devkit.azure.gallery_facts.replication import regional_state
from devkit.guests.port import DiskImage, GuestSource, MarketplaceImage

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

IMAGE = "microsoft.compute/images"
DEFINITION = "microsoft.compute/galleries/images"
VERSION = "microsoft.compute/galleries/images/versions"
_TARGET = "properties.storageProfile.imageReference"


@dataclass(frozen=True)
class DataDiskFacts:
    """A data disk of an image; `source` is None for one that starts empty."""

    lun: int
    size_gb: int
    source: DiskImage | None = None


@dataclass(frozen=True)
class ImageFacts:
    """Facts of an image for what is made of it: `size_gb` is rounded up, `exact` is the version that was meant.

    `security` is the value of the feature SecurityType, as marketplace images and gallery definitions have it.
    """

    source: GuestSource
    os_type: str
    generation: str
    size_gb: int
    generalized: bool = True
    exact: str | None = None
    architecture: str = "x64"
    security: str = "Standard"
    controllers: tuple[str, ...] = ("SCSI",)
    plan: dict[str, str] | None = None
    data: tuple[DataDiskFacts, ...] = ()


def resolve(cloud: Cloud, reference: dict[str, Any], location: str) -> ImageFacts:
    """Find the image that a reference means in a region. Raises ArmError."""
    if "id" not in reference:
        return _marketplace(cloud, reference)
    kind = ids.parse(reference["id"], _TARGET).type.lower()
    if kind not in {IMAGE, DEFINITION, VERSION}:
        raise invalid(f"'{reference['id']}' is no image.", _TARGET)
    resource = cloud.store.get(reference["id"])
    if kind == IMAGE:
        if resource.doc["location"] != location:
            message = f"The Image '{resource.id}' cannot be found in '{location}' region."
            raise ArmError(404, "NotFound", message, target=_TARGET)
        return facts_of(resource)
    version = _latest(cloud, resource, location) if kind == DEFINITION else resource
    if regional_state(version, location) != "Completed":
        message = (
            f"The gallery image {version.id} is not available in {location} region. Please contact image owner to "
            "replicate to this region, or change your requested region."
        )
        raise ArmError(404, "GalleryImageNotFound", message, target=_TARGET)
    return facts_of(version, cloud.store.get(ids.parent(version.id)))


def facts_of(resource: Resource, definition: Resource | None = None) -> ImageFacts:
    """Return the facts of a managed image or gallery version. Raises ArmError (409) if not captured yet."""
    if "file" not in resource.private:
        raise ArmError(409, "Conflict", f"The image {resource.id} has not been captured.")
    kept = resource.private
    return ImageFacts(
        source=DiskImage(Path(kept["file"])),
        os_type=kept["os_type"],
        generation=kept["generation"],
        size_gb=kept["size_gb"],
        generalized=kept["generalized"],
        exact=resource.name if definition else None,
        architecture=kept["architecture"],
        security=security_type(definition) if definition else "Standard",
        controllers=disk_controllers(features_of(definition)) if definition else ("SCSI",),
        plan=definition.properties.get("purchasePlan", kept["plan"]) if definition else kept["plan"],
        data=tuple(DataDiskFacts(d["lun"], d["size_gb"], DiskImage(Path(d["file"]))) for d in kept["data"]),
    )


def _latest(cloud: Cloud, definition: Resource, location: str) -> Resource:
    usable = [
        version
        for version in cloud.store.list(kind=VERSION, within=definition.id)
        if regional_state(version, location) == "Completed" and not _excluded(version, location)
    ]
    if not usable:
        message = f'There is no latest image version exists for "{definition.id}" in {location}.'
        raise ArmError(404, "GalleryImageNotFound", message, target=_TARGET)
    return max(usable, key=lambda version: marketplace_catalog.order(version.name))


def _excluded(version: Resource, location: str) -> bool:
    """Whether a version is excluded from "latest", everywhere or in this region."""
    profile = version.properties.get("publishingProfile", {})
    here = [t for t in profile.get("targetRegions", []) if t["name"].replace(" ", "").lower() == location]
    return any(part.get("excludeFromLatest", False) for part in (profile, *here))


def _marketplace(cloud: Cloud, reference: dict[str, Any]) -> ImageFacts:
    missing = [part for part in ("publisher", "offer", "sku", "version") if part not in reference]
    if missing:
        raise invalid(f"Required parameter '{missing[0]}' is missing (null).", f"{_TARGET}.{missing[0]}")
    names = (reference["publisher"], reference["offer"], reference["sku"])
    wanted = reference.get("exactVersion", reference["version"])
    image = marketplace_catalog.resolve(cloud.store, *names, wanted)
    return ImageFacts(
        source=MarketplaceImage(image.publisher, image.offer, image.sku, image.version),
        os_type=image.os_type,
        generation=image.generation,
        size_gb=image.size_gb,
        exact=image.version,
        architecture=image.architecture,
        security=image.features.get("SecurityType", "Standard"),
        controllers=disk_controllers(image.features),
        plan=image.plan,
        data=tuple(DataDiskFacts(lun, marketplace_catalog.DATA_DISK_GB) for lun in image.data_luns),
    )
