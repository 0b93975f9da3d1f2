"""Gallery image versions as sources: an exact one, or the newest that can be used in the template's region.

Facts: Microsoft's image-builder-json (`SharedImageVersion`: replicated to the template's region, not specialized) and
"Azure Compute Gallery" (`latest` is the highest version that is not excluded).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused_source
from kiln.cloud.gallery import names, version_order
from kiln.errors import AzureNotFound
from kiln.ids import name_of, part_of, region_name
from kiln.planner.facts import DISK_CONTROLLERS, ImageReference, PurchasePlan, SourceFacts, disk_controllers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.mgmt.compute.models import GalleryImage, GalleryImageVersion

    from kiln.template.sources import SharedImageSource

CODE = "BadSharedImageVersionSource"
TARGET = "properties.source.imageVersionId"
LATEST = "latest"


def source_facts(location: str, source: SharedImageSource, exact: str | None) -> SourceFacts:
    """Return the facts of a gallery image version in `location`. Raises `SourceNotFound`."""
    definition = _definition(source.definition_id)
    properties = definition.properties
    if properties is None or properties.os_state != "Generalized":
        raise refused_source(
            CODE,
            f"The gallery image definition {source.definition_id} is specialized.",
            target=TARGET,
            hint="Build from a generalized image: a machine from a specialized one keeps its accounts and settings.",
        )
    asked = exact or source.version
    if asked.lower() == LATEST:
        found = _latest(source.definition_id, location)
    else:
        found = _exact(source.definition_id, asked, location)
    features: dict[str, Any] = {str(item.name): item.value for item in properties.features or []}
    storage = found.properties.storage_profile if found.properties else None
    plan = properties.purchase_plan
    return SourceFacts(
        reference=ImageReference(id=f"{source.definition_id}/versions/{found.name}"),
        version=str(found.name),
        os="Windows" if properties.os_type == "Windows" else "Linux",
        generation="V2" if properties.hyper_v_generation == "V2" else "V1",
        architecture="Arm64" if properties.architecture == "Arm64" else "x64",
        security=features.get("SecurityType") or "Standard",
        controllers=disk_controllers(features.get(DISK_CONTROLLERS)),
        plan=PurchasePlan(name=plan.name, product=plan.product, publisher=plan.publisher) if plan else None,
        disk_size_gb=storage.os_disk_image.size_in_gb if storage and storage.os_disk_image else None,
        data_disk_luns=tuple(disk.lun for disk in (storage.data_disk_images if storage else None) or []),
    )


def _definition(image_id: str) -> GalleryImage:
    try:
        with azure("look up the source's image definition"):
            return clients.compute(part_of(image_id, "subscriptions")).gallery_images.get(
                *names(image_id), api_version=clients.GALLERIES
            )
    except AzureNotFound:
        raise refused_source(
            CODE,
            f"The gallery image definition {image_id} does not exist.",
            target=TARGET,
            hint="Check imageVersionId with: az sig image-definition list",
        ) from None


def _exact(image_id: str, version: str, location: str) -> GalleryImageVersion:
    try:
        found = _version(image_id, version)
    except AzureNotFound:
        there = ", ".join([str(item.name) for item in _newest_first(image_id)][:3]) or "none"
        raise refused_source(
            CODE,
            f"The gallery image definition {image_id} has no version {version}.",
            target=TARGET,
            hint=f"Its newest versions: {there}.",
        ) from None
    regions = _regions(found)
    if region_name(location) not in regions:
        raise refused_source(
            CODE,
            f"The gallery image version {image_id}/versions/{version} is not replicated to {location}; "
            f"it is in {', '.join(regions) or 'no region yet'}.",
            target=TARGET,
            hint=f"Add {location} to the version's target regions, or move the template.",
        )
    return found


def _latest(image_id: str, location: str) -> GalleryImageVersion:
    """Return the newest version that is not excluded from latest and is fully replicated to `location`."""
    passed: list[str] = []
    for listed in _newest_first(image_id):
        if _is_excluded(listed, location):
            continue
        found = _version(image_id, name_of(str(listed.name)))
        regions = _regions(found)
        if region_name(location) in regions:
            return found
        passed.append(f"{listed.name} is in {', '.join(regions) or 'no region yet'}")
    raise refused_source(
        CODE,
        f"The gallery image definition {image_id} has no version that can be used in {location}.",
        target=TARGET,
        hint=f"{'; '.join(passed[:3])}. Add {location} to its target regions."
        if passed
        else "Publish a version first.",
    )


def _newest_first(image_id: str) -> Iterator[GalleryImageVersion]:
    with azure(f"list the versions of {image_id}"):
        versions = list(
            clients.compute(part_of(image_id, "subscriptions")).gallery_image_versions.list_by_gallery_image(
                *names(image_id), api_version=clients.GALLERIES
            )
        )
    yield from sorted(versions, key=lambda version: version_order(str(version.name)), reverse=True)


def _version(image_id: str, version: str) -> GalleryImageVersion:
    with azure(f"look up {image_id}/versions/{version}"):
        return clients.compute(part_of(image_id, "subscriptions")).gallery_image_versions.get(
            *names(image_id), version, expand="ReplicationStatus", api_version=clients.GALLERIES
        )


def _is_excluded(version: GalleryImageVersion, location: str) -> bool:
    profile = version.properties.publishing_profile if version.properties else None
    if profile is None:
        return False
    here = [region for region in profile.target_regions or [] if region_name(str(region.name)) == region_name(location)]
    return bool(profile.exclude_from_latest) or any(region.exclude_from_latest for region in here)


def _regions(version: GalleryImageVersion) -> list[str]:
    """Return the regions to which the version is fully replicated."""
    status = version.properties.replication_status if version.properties else None
    summary = (status.summary if status else None) or []
    return [region_name(str(item.region)) for item in summary if item.state == "Completed"]
