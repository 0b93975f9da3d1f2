"""The facts of a gallery image version for templates that follow it: its regions, its maker and its lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.gallery import names
from kiln.errors import AzureNotFound
from kiln.ids import part_of, region_name
from kiln.rebuild.contracts import VersionFacts
from kiln.runs.lineage import lineage_of, maker_of

if TYPE_CHECKING:
    from azure.mgmt.compute.models import GalleryImageVersion


def version_facts(image_id: str, version: str) -> VersionFacts:
    """Return the facts of a version of an image definition (its ARM id), by one call of Azure; `gone` if it is."""
    try:
        with azure(f"look up {image_id}/versions/{version}"):
            found = clients.compute(part_of(image_id, "subscriptions")).gallery_image_versions.get(
                *names(image_id), version, expand="ReplicationStatus", api_version=clients.GALLERIES
            )
    except AzureNotFound:
        return VersionFacts(gone=True)
    tags = found.tags or {}
    profile = found.properties.publishing_profile if found.properties else None
    return VersionFacts(
        regions=_regions(found),
        excluded=bool(profile and profile.exclude_from_latest),
        maker=maker_of(tags),
        lineage=lineage_of(tags),
        published=profile.published_date if profile else None,
    )


def _regions(version: GalleryImageVersion) -> tuple[str, ...]:
    """Return the regions where the version is fully replicated and not excluded from latest."""
    status = version.properties.replication_status if version.properties else None
    profile = version.properties.publishing_profile if version.properties else None
    excluded = {
        region_name(str(region.name))
        for region in (profile.target_regions if profile else None) or []
        if region.exclude_from_latest
    }
    whole = (item for item in (status.summary if status else None) or [] if item.state == "Completed")
    regions = (region_name(str(item.region)) for item in whole)
    return tuple(region for region in regions if region not in excluded)
