"""Gallery image definitions and versions: looked up, published at home, given regions, and asked how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.machines import machine_id
from kiln.cloud.operations import start
from kiln.errors import AzureFailed, TargetNotFound, VersionTaken
from kiln.ids import part_of, region_name
from kiln.messages import Progress
from kiln.planner.facts import DefinitionFacts

if TYPE_CHECKING:
    from kiln.messages import Operation
    from kiln.planner.plan import GalleryTarget, MachineSpec, RegionSpec


def definition(image_id: str) -> DefinitionFacts:
    """Return where an image definition is and which versions it has. Raises `TargetNotFound`."""
    from azure.core.exceptions import ResourceNotFoundError

    client = clients.compute(part_of(image_id, "subscriptions"))
    names = _names(image_id)
    with azure(f"read the gallery image definition {image_id}"):
        try:
            image = client.gallery_images.get(*names, api_version=clients.GALLERIES)
        except ResourceNotFoundError as error:
            raise TargetNotFound(
                f"The gallery image definition {image_id} does not exist.",
                target="properties.distribute",
                hint="Create it first: az sig image-definition create --help",
            ) from error
        versions = client.gallery_image_versions.list_by_gallery_image(*names, api_version=clients.GALLERIES)
        return DefinitionFacts(location=image.location, versions=tuple(str(version.name) for version in versions))


def refuse_taken(target: GalleryTarget) -> None:
    """Raise `VersionTaken` when the version exists and is not this run's own."""
    from azure.core.exceptions import ResourceNotFoundError

    client = clients.compute(part_of(target.image_id, "subscriptions"))
    with azure(f"look up {target.version_id}"):
        try:
            found = client.gallery_image_versions.get(
                *_names(target.image_id), target.version, api_version=clients.GALLERIES
            )
        except ResourceNotFoundError:
            return
    if (found.tags or {}).get("kilnRun") != target.tags["kilnRun"]:
        raise VersionTaken(
            f"{target.version_id} exists already.",
            target="properties.distribute",
            hint="Name another version in galleryImageId, or leave the version out to get the next one.",
        )


def start_version(machine: MachineSpec, target: GalleryTarget) -> Operation:
    """Start to publish the version, straight from the generalized machine, in its home region alone."""
    home = [region for region in target.regions if region.name == region_name(target.location)]
    return _put(machine, target, tuple(home), f"publish {target.version_id}")


def start_replication(machine: MachineSpec, target: GalleryTarget) -> Operation:
    """Start to give the version all of its regions, in one update."""
    return _put(machine, target, target.regions, f"replicate {target.version_id}")


def _put(machine: MachineSpec, target: GalleryTarget, regions: tuple[RegionSpec, ...], doing: str) -> Operation:
    body: Any = {
        "location": target.location,
        "tags": target.tags,
        "properties": {
            "storageProfile": {"source": {"virtualMachineId": machine_id(machine)}},
            "publishingProfile": {
                "excludeFromLatest": target.exclude_from_latest,
                "targetRegions": [
                    {
                        "name": region.name,
                        "regionalReplicaCount": region.replicas,
                        "storageAccountType": region.storage_account_type,
                    }
                    for region in regions
                ],
            },
        },
    }
    return start(
        doing,
        clients.compute(part_of(target.image_id, "subscriptions")).gallery_image_versions.begin_create_or_update,
        *_names(target.image_id),
        target.version,
        body,
        api_version=clients.GALLERIES,
    )


def region_progress(target: GalleryTarget, region: str) -> Progress:
    """Return how far one region is. Raises `AzureFailed` when its replication failed."""
    doing = f"replicate {target.version_id} to {region}"
    with azure(doing):
        version = clients.compute(part_of(target.image_id, "subscriptions")).gallery_image_versions.get(
            *_names(target.image_id), target.version, expand="ReplicationStatus", api_version=clients.GALLERIES
        )
    status = version.properties.replication_status if version.properties else None
    for item in (status.summary if status else None) or []:
        if region_name(str(item.region)) != region:
            continue
        if item.state == "Failed":
            raise AzureFailed(doing, azure_code="ReplicationFailed", azure_message=str(item.details or "no details"))
        return Progress(done=item.state == "Completed", note=f"{region} {item.progress or 0} %")
    return Progress(done=False, note=f"{region} waiting")


def _names(image_id: str) -> tuple[str, str, str]:
    return part_of(image_id, "resourceGroups"), part_of(image_id, "galleries"), part_of(image_id, "images")
