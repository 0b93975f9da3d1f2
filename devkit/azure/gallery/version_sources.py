"""Sources of an image version, and the check that they fit the version's definition.

Messages are those of learn.microsoft.com, "Troubleshoot images in an Azure Compute Gallery". It owns these checks; it
must not know how a source is captured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.compute import captures
from devkit.azure.compute.source_facts import describe
from devkit.azure.errors import ArmError, invalid
from devkit.azure.gallery_facts.features import security_type, takes
from devkit.azure.gallery_facts.replication import regional_state

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

_MACHINE = "Microsoft.Compute/virtualMachines"
_VERSION = "Microsoft.Compute/galleries/images/versions"
_WHOLE = (_MACHINE, "Microsoft.Compute/images", _VERSION)
_DISKS = ("Microsoft.Compute/disks", "Microsoft.Compute/snapshots")
_PATH = "galleryImageVersion.properties.storageProfile"


def sources(cloud: Cloud, properties: dict[str, Any]) -> tuple[Resource, dict[int, Resource]]:
    """Return the source, and by LUN those of data disks that are named one by one.

    Raises ArmError for no source, for several kinds at once, and for one that does not exist.
    """
    storage = properties["storageProfile"]
    data = storage.get("dataDiskImages", [])
    whole = {
        "virtualMachineId": (storage.get("source", {}).get("virtualMachineId"), (_MACHINE,)),
        "id": (storage.get("source", {}).get("id"), _WHOLE),
    }
    named = [(f"{_PATH}.source.{name}", value, kinds) for name, (value, kinds) in whole.items() if value is not None]
    disk = storage.get("osDiskImage", {}).get("source", {}).get("id")
    if disk is not None:
        named.append((f"{_PATH}.osDiskImage.source.id", disk, _DISKS))
    single = [image for image in data if "id" in image.get("source", {})]
    if len(named) != 1 or (disk is None and single) or (disk is not None and len(single) != len(data)):
        message = (
            "The gallery artifact version source can only be specified either directly under storageProfile or within "
            "individual OS or data disks. One and only one source type (user image, snapshot, disk, virtual machine) "
            "can be provided."
        )
        raise invalid(message, _PATH)
    ((target, value, kinds),) = named
    return _require(cloud, value, kinds, target), _data(cloud, disk, single)


def _data(cloud: Cloud, os_disk: str | None, images: list[dict[str, Any]]) -> dict[int, Resource]:
    found = {
        image["lun"]: _require(cloud, image["source"]["id"], _DISKS, f"{_PATH}.dataDiskImages.source.id")
        for image in images
    }
    if len(found) != len(images):
        message = (
            "Duplicated lun numbers have been detected in the input data disks. Lun number must be unique for each "
            "data disk."
        )
        raise invalid(message, f"{_PATH}.dataDiskImages")
    keys = [(os_disk or "").lower(), *(part.key for part in found.values())]
    if len(set(keys)) != len(keys):
        message = "Duplicated source ids are found in the input disks. Source id should be unique for each disk."
        raise invalid(message, f"{_PATH}.dataDiskImages")
    return found


def _require(cloud: Cloud, resource_id: str, kinds: tuple[str, ...], target: str) -> Resource:
    try:
        return captures.require(cloud, resource_id, kinds, target)
    except ArmError as error:
        if error.status != 404:  # noqa: PLR2004  # HTTP's Not Found
            raise
        message = f"Source was not found: '{resource_id}'. Please make sure the source exists."
        raise ArmError(404, "NotFound", message, target=target) from error


async def check(cloud: Cloud, made_of: Resource, data: dict[int, Resource], definition: Resource, home: str) -> None:
    """Refuse sources that cannot be captured, are in another region, or do not fit the definition."""
    for source in (made_of, *data.values()):
        if not _is_in(source, home):
            message = (
                f"Source '{source.id}' is not found. Please check source exists, and is in the same region as gallery "
                "image version being created."
            )
            raise ArmError(404, "NotFound", message)
    if made_of.type == _MACHINE:  # its state before its power: a machine that is not generalized may well run
        check_fit(cloud, made_of, definition)
    for source in (made_of, *data.values()):
        await captures.check_source(cloud, source)
    check_fit(cloud, made_of, definition)


def _is_in(source: Resource, region: str) -> bool:
    if source.type == _VERSION:
        return regional_state(source, region) == "Completed"
    return bool(source.doc["location"] == region)


def check_fit(cloud: Cloud, made_of: Resource, definition: Resource) -> None:
    """Refuse a source of another operating system, generation, architecture, state or security type."""
    facts, wanted = describe(cloud, made_of), definition.properties
    state = {True: "Generalized", False: "Specialized", None: wanted["osState"]}[facts.generalized]
    if state != wanted["osState"]:
        raise _conflict(
            f"Cannot create Gallery Image Version from: {made_of.id} since the OS State in the parent gallery image "
            f"({wanted['osState']}) is not {state}."
        )
    if facts.os_type is None:
        raise _conflict(f"The resource with id '{made_of.id}' is a data disk and cannot be the OS disk image.")
    for noun, given, its in (
        ("OS type", facts.os_type, wanted["osType"]),
        ("Hypervisor generation", facts.generation, wanted["hyperVGeneration"]),
        ("architecture", facts.architecture, wanted["architecture"]),
    ):
        if given != its:
            raise _mismatch(made_of, noun, given, its)
    security = security_type(definition)
    if not takes(security, facts.security):
        raise _mismatch(made_of, "security type", facts.security, security)


def _mismatch(made_of: Resource, noun: str, given: str | None, wanted: str) -> ArmError:
    return _conflict(
        f"The resource with id '{made_of.id}' has a different {noun} ['{given}'] than the parent gallery image {noun} "
        f"['{wanted}']."
    )


def _conflict(message: str) -> ArmError:
    return ArmError(409, "Conflict", message, target="galleryImageVersion.properties.storageProfile")
