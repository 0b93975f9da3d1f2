"""Gallery image definitions and versions: looking them up, publishing, and replication to regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients, marks
from kiln.cloud.failures import azure
from kiln.cloud.operations import start, tell_failure
from kiln.contracts.base import Progress
from kiln.errors import AzureFailed, AzureNotFound, TargetNotFound, VersionTaken
from kiln.ids import name_of, part_of, plain_version, region_name
from kiln.planner.facts import DefinitionFacts
from kiln.runs.ledger import LedgerEntry
from kiln.runs.tags import MARK_TAG

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.planner.targets import GalleryTarget, OriginSpec, RegionSpec

REPLICATION_HINT = (
    "The gallery's activity log says more. Retry the run: it replicates to the missing regions without a new build."
)


def definition(image_id: str) -> DefinitionFacts:
    """Return an image definition's location, and the properties that its images have. Raises `TargetNotFound`."""
    client = clients.compute(part_of(image_id, "subscriptions"))
    try:
        with azure(f"read the gallery image definition {image_id}"):
            image = client.gallery_images.get(*names(image_id), api_version=clients.GALLERIES)
    except AzureNotFound:
        raise TargetNotFound(
            f"The gallery image definition {image_id} does not exist.",
            target="properties.distribute",
            hint="Create it first: az sig image-definition create --help",
        ) from None
    facts = image.properties
    features: dict[str, Any] = {str(item.name): item.value for item in (facts.features if facts else None) or []}
    return DefinitionFacts(
        location=str(image.location),
        os="Windows" if facts and facts.os_type == "Windows" else "Linux",
        generation="V2" if facts and facts.hyper_v_generation == "V2" else "V1",
        architecture="Arm64" if facts and facts.architecture == "Arm64" else "x64",
        security=features.get("SecurityType") or "Standard",
        os_state="Specialized" if facts and facts.os_state == "Specialized" else "Generalized",
    )


def versions(image_id: str) -> tuple[str, ...]:
    """Return the numbers of an image definition's versions, in Azure's order."""
    client = clients.compute(part_of(image_id, "subscriptions"))
    with azure(f"list the versions of {image_id}"):
        listed = client.gallery_image_versions.list_by_gallery_image(*names(image_id), api_version=clients.GALLERIES)
        return tuple(str(version.name) for version in listed)


def refuse_taken(target: GalleryTarget) -> None:
    """Raise `VersionTaken` when the version, or one of the same numbers, exists and is not this run's own."""
    entry = _entry(target.version_id, target.mark)
    try:
        found = marks.look(entry)
    except AzureNotFound:
        _refuse_twin(target)
        return
    if not marks.carries(found.tags, entry.mark):
        raise VersionTaken(
            f"{target.version_id} exists already: {marks.who_made(found.tags)}.",
            target="properties.distribute",
            hint="Name another version in galleryImageId, or none: then each build gets the next one.",
        )


def _refuse_twin(target: GalleryTarget) -> None:
    numbers = plain_version(target.version)
    twin = next((version for version in versions(target.image_id) if plain_version(version) == numbers), None)
    if twin is not None:
        raise VersionTaken(
            f"{target.version_id} would be the same number as the version {twin}, which exists already.",
            target="properties.distribute",
            hint="Name another version in galleryImageId, or none: then each build gets the next one.",
        )


def start_version(origin: OriginSpec, target: GalleryTarget) -> Operation:
    """Start to publish the version, straight from its origin, in its home region alone.

    Raises `VersionTaken` when somebody else made it in the meantime. Galleries have no If-None-Match, but Azure refuses
    to change the source of a version (hashicorp/packer issue 9716). If the other version was made from the very same
    source, only its tags are replaced, and its content is the one that was to be published.
    """
    home = tuple(region for region in target.regions if region.name == region_name(target.location))
    body: Any = {
        "location": target.location,
        "tags": target.tags,
        "properties": {
            "storageProfile": {
                "source": {"virtualMachineId": origin.machine} if origin.machine else {"id": origin.version}
            },
            "publishingProfile": {
                "replicationMode": target.replication_mode,
                "excludeFromLatest": target.exclude_from_latest,
                "targetRegions": _regions(home),
            },
        },
    }
    try:
        return start(
            f"publish {target.version_id}",
            clients.compute(part_of(target.image_id, "subscriptions")).gallery_image_versions.begin_create_or_update,
            *names(target.image_id),
            target.version,
            body,
            api_version=clients.GALLERIES,
        )
    except AzureFailed:
        refuse_taken(target)
        raise


def start_replication(target: GalleryTarget) -> Operation:
    """Start to replicate the version to all of its regions, in one update.

    The update does not name the version's source, which may be gone. Raises `MadeByAnother` when the version is not the
    one that was published, but one that was made since.
    """
    marks.require_own(_entry(target.version_id, target.mark))
    update: Any = {
        "properties": {"storageProfile": {}, "publishingProfile": {"targetRegions": _regions(target.regions)}}
    }
    return start(
        f"replicate {target.version_id}",
        clients.compute(part_of(target.image_id, "subscriptions")).gallery_image_versions.begin_update,
        *names(target.image_id),
        target.version,
        update,
        api_version=clients.GALLERIES,
    )


def _regions(regions: tuple[RegionSpec, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": region.name,
            "regionalReplicaCount": region.replicas,
            "storageAccountType": region.storage_account_type,
        }
        for region in regions
    ]


def region_progress(version_id: str, mark: str, region: str, operation: Operation | None = None) -> Progress:
    """Return how far the replication to a region is, of the gallery version that has this mark.

    Raises `AzureFailed` when the replication failed, or the `operation` that began it; and `MadeByAnother` when the
    version is another one by now.
    """
    doing, entry = f"replicate {version_id} to {region}", _entry(version_id, mark)
    with azure(doing):
        version = clients.compute(part_of(version_id, "subscriptions")).gallery_image_versions.get(
            *names(version_id), name_of(version_id), expand="ReplicationStatus", api_version=clients.GALLERIES
        )
    if not marks.carries(version.tags or {}, entry.mark):
        raise marks.made_by_another(entry, version.tags or {})
    found = version.properties
    summary = (found.replication_status.summary if found and found.replication_status else None) or []
    item = next((item for item in summary if region_name(str(item.region)) == region), None)
    state = item.state if item else "Unknown"
    if state == "Failed":
        reason = (item.details if item else None) or "no details"
        raise AzureFailed(doing, azure_code="ReplicationFailed", azure_message=reason, hint=REPLICATION_HINT)
    if state == "Unknown" and found and found.provisioning_state == "Failed":
        tell_failure(operation, REPLICATION_HINT)
        reason = "the update failed before the version had the region"
        raise AzureFailed(doing, azure_code="ReplicationFailed", azure_message=reason, hint=REPLICATION_HINT)
    note = f"{region} {item.progress or 0} %" if item else f"{region} waiting"
    return Progress(done=state == "Completed", note=note)


def version_exists(version_id: str, mark: str) -> bool:
    """Whether the gallery image version that has this mark still exists; another one of its name does not count."""
    return marks.is_own(_entry(version_id, mark))


def _entry(version_id: str, mark: str) -> LedgerEntry:
    """Return a ledger entry for the version."""
    return LedgerEntry(kind="gallery-version", id=version_id, tier=0, mark={MARK_TAG: mark})


def names(image_id: str) -> tuple[str, str, str]:
    """Return resource group, gallery and definition of an image definition's or version's ARM id."""
    return part_of(image_id, "resourceGroups"), part_of(image_id, "galleries"), part_of(image_id, "images")


def version_order(version: str) -> tuple[int, ...]:
    """Return a key that sorts versions by their numbers."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
