"""Sources of managed disks: images of any kind, single data disks of such images, snapshots, other disks.

It owns the rules of creationData and the copying: the data is kept as the disk of a guest that is never started. It
must not know a disk's later life.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.compute import captures, image_source
from devkit.azure.compute.source_facts import describe
from devkit.azure.errors import ArmError, conflict, invalid, unsupported
from devkit.guests.port import DiskImage, GuestSource, GuestSpec

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.compute.image_source import ImageFacts
    from devkit.azure.store import Resource

_SOURCES = ("Microsoft.Compute/disks", "Microsoft.Compute/snapshots")
_PLATFORM = re.compile(
    r"/subscriptions/[^/]+/providers/Microsoft\.Compute/locations/[^/]+/publishers/(?P<publisher>[^/]+)"
    r"/artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)/versions/(?P<version>[^/]+)",
    re.IGNORECASE,
)


async def describe_new(cloud: Cloud, properties: dict[str, Any], location: str) -> dict[str, Any]:
    """Return what a new disk takes over from its source. Raises ArmError for a source that cannot be one."""
    creation = properties["creationData"]
    match creation["createOption"]:
        case "Empty":
            if "diskSizeGB" not in properties:
                raise invalid("Required parameter 'disk.diskSizeGB' is missing (null).", "disk.diskSizeGB")
            return {}
        case "FromImage":
            return _of_image(cloud, properties, location)
        case "Copy":
            source = _copied(cloud, creation)
            captures.refuse_other_region(source, location)
            await captures.check_source(cloud, source)
            facts = describe(cloud, source)
            _check_size(properties, source.properties["diskSizeGB"])
            creation["sourceUniqueId"] = source.properties["uniqueId"]
            size = properties.get("diskSizeGB", source.properties["diskSizeGB"])
            taken = shown(facts.os_type, facts.generation, facts.architecture, facts.security, facts.plan)
            return {**taken, "diskSizeGB": size}
        case other:
            raise unsupported(f"creationData.createOption {other} for disks")


def _copied(cloud: Cloud, creation: dict[str, Any]) -> Resource:
    target = "creationData.sourceResourceId"
    if "sourceResourceId" not in creation:
        raise invalid("Required parameter 'sourceResourceId' is missing (null).", target)
    return captures.require(cloud, creation["sourceResourceId"], _SOURCES, target)


def _of_image(cloud: Cloud, properties: dict[str, Any], location: str) -> dict[str, Any]:
    facts, lun = _image(cloud, properties["creationData"], location)
    if lun is None:
        _check_size(properties, facts.size_gb)
        security = "TrustedLaunch" if facts.security == "TrustedLaunch" else "Standard"
        taken = shown(facts.os_type, facts.generation, facts.architecture, security, facts.plan)
        return {**taken, "diskSizeGB": properties.get("diskSizeGB", facts.size_gb)}
    (disk,) = [disk for disk in facts.data if disk.lun == lun]
    _check_size(properties, disk.size_gb)
    return {"diskSizeGB": properties.get("diskSizeGB", disk.size_gb)}


def _image(cloud: Cloud, creation: dict[str, Any], location: str) -> tuple[ImageFacts, int | None]:
    """Find the image, and the LUN of its data disk that is meant (None: its OS disk)."""
    given = [name for name in ("imageReference", "galleryImageReference") if name in creation]
    if len(given) != 1 or "id" not in creation[given[0]]:
        message = "createOption FromImage needs the id of exactly one of imageReference and galleryImageReference."
        raise invalid(message, "creationData")
    reference = creation[given[0]]
    target = f"creationData.{given[0]}.id"
    platform = _PLATFORM.fullmatch(reference["id"])
    if platform is not None and given == ["imageReference"]:
        facts = image_source.resolve(cloud, platform.groupdict(), location)
    else:
        kind = ids.parse(reference["id"], target).type.lower()
        if (kind == image_source.VERSION) != (given == ["galleryImageReference"]):
            raise invalid(f"'{reference['id']}' is not what {given[0]} names.", target)
        facts = image_source.resolve(cloud, {"id": reference["id"]}, location)
    lun = reference.get("lun")
    if lun is not None and lun not in {disk.lun for disk in facts.data}:
        raise invalid(f"The image {reference['id']} has no data disk at LUN {lun}.", f"creationData.{given[0]}.lun")
    return facts, lun


def _check_size(properties: dict[str, Any], smallest: int) -> None:
    wanted = properties.get("diskSizeGB", smallest)
    if wanted < smallest:
        raise conflict(
            f"Disk with size {wanted}GB, which is smaller than the size {smallest}GB of corresponding disk in Image, "
            "is not allowed."
        )


def shown(
    os_type: str | None, generation: str | None, architecture: str, security: str, plan: dict[str, str] | None
) -> dict[str, Any]:
    """Write an OS disk's facts as disks and snapshots show them; nothing for a data disk."""
    if os_type is None:
        return {}
    found: dict[str, Any] = {"osType": os_type, "supportedCapabilities": {"architecture": architecture}}
    if generation is not None:
        found["hyperVGeneration"] = generation
    if security != "Standard":
        found["securityProfile"] = {"securityType": security}
    if plan is not None:
        found["purchasePlan"] = plan
    return found


async def fill(cloud: Cloud, disk: Resource) -> None:
    """Copy the source's data, once."""
    creation = disk.properties["creationData"]
    if creation["createOption"] == "Empty" or "guest" in disk.private:
        return
    if creation["createOption"] == "FromImage":
        facts, lun = _image(cloud, creation, disk.doc["location"])
        if lun is None:
            await _take(cloud, disk, facts.source, facts.size_gb)
            return
        (part,) = [part for part in facts.data if part.lun == lun]
        if part.source is not None:
            await _take(cloud, disk, part.source, part.size_gb)
        return
    source = cloud.store.find(creation["sourceResourceId"])
    if source is None:
        raise ArmError(404, "NotFound", f"The source {creation['sourceResourceId']} was deleted.")
    if "file" in source.private:
        image = DiskImage(Path(source.private["file"]))
        await _take(cloud, disk, image, source.properties["diskSizeGB"])
        return
    copy = cloud.images / f"copy-{uuid.uuid4().hex}.img"
    try:
        await cloud.machines.freeze(source, copy)
        await _take(cloud, disk, DiskImage(copy), source.properties["diskSizeGB"])
    finally:
        copy.unlink(missing_ok=True)


async def _take(cloud: Cloud, disk: Resource, source: GuestSource, size_gb: int) -> None:
    wanted = disk.properties["diskSizeGB"]
    grown = wanted if wanted > size_gb else None
    await cloud.machines.create(GuestSpec(disk.key, disk.name, source, disk_size_gib=grown))
    disk.private["guest"] = disk.key
    cloud.store.save(disk)
