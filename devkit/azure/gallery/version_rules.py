"""What Azure refuses in an image version's document, and what an update may change.

It owns these checks as functions of documents; it must not know operations or replication's progress.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from devkit.azure import regions
from devkit.azure.compute import captures
from devkit.azure.errors import ArmError, invalid

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

_NAME = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_LARGEST = 2**31 - 1  # "32-bit integers": learn.microsoft.com, "Store and share images in an Azure Compute Gallery"
_MACHINE = "Microsoft.Compute/virtualMachines"
_WHOLE = (_MACHINE, "Microsoft.Compute/images", "Microsoft.Compute/galleries/images/versions")
_DISKS = ("Microsoft.Compute/disks", "Microsoft.Compute/snapshots")
_FIXED = ("replicationMode", "storageAccountType")


def check_name(name: str) -> None:
    """Refuse a name that is not major.minor.patch in 32-bit integers."""
    match = _NAME.fullmatch(name)
    if match is None or any(int(part) > _LARGEST for part in match.groups()):
        message = (
            f"The gallery image version name '{name}' is invalid. It has to be of the form MajorVersion.MinorVersion."
            f"Patch, each an integer between 0 and {_LARGEST}."
        )
        raise ArmError(400, "InvalidParameter", message, target="galleryImageVersionName")


def complete(body: dict[str, Any]) -> None:
    """Fill in the profile's defaults and refuse target regions that do not fit."""
    home = regions.normal(body["location"])
    profile = body["properties"].setdefault("publishingProfile", {})
    replicas = profile.setdefault("replicaCount", 1)
    profile.setdefault("excludeFromLatest", False)
    targets = profile.setdefault("targetRegions", [{"name": home}])
    names = [regions.normal(target["name"]) for target in targets]
    if home not in names:
        raise invalid(
            f"The location '{home}' of the gallery image version has to be among its target regions.",
            "galleryImageVersion.properties.publishingProfile.targetRegions",
        )
    if len(set(names)) != len(names):
        raise invalid(
            "A target region is named twice.", "galleryImageVersion.properties.publishingProfile.targetRegions"
        )
    if profile.get("replicationMode") == "Shallow" and (names != [home] or replicas != 1):
        raise invalid("Shallow replication knows one replica in the source region alone.", "replicationMode")
    for target, name in zip(targets, names, strict=True):
        target["name"] = regions.REGIONS[name]
        target.setdefault("regionalReplicaCount", replicas)
        target.setdefault("storageAccountType", profile.get("storageAccountType", "Standard_LRS"))


def source(cloud: Cloud, properties: dict[str, Any]) -> Resource:
    """Return what the version is made of. Raises ArmError for none, several, or one that does not exist."""
    storage = properties["storageProfile"]
    given = {
        "source.virtualMachineId": (storage.get("source", {}).get("virtualMachineId"), (_MACHINE,)),
        "source.id": (storage.get("source", {}).get("id"), _WHOLE),
        "osDiskImage.source.id": (storage.get("osDiskImage", {}).get("source", {}).get("id"), _DISKS),
    }
    named = [(name, value, kinds) for name, (value, kinds) in given.items() if value is not None]
    if len(named) != 1:
        message = "Exactly one of source.virtualMachineId, source.id and osDiskImage.source.id has to be given."
        raise invalid(message, "galleryImageVersion.properties.storageProfile")
    name, value, kinds = named[0]
    return captures.require(cloud, value, kinds, f"galleryImageVersion.properties.storageProfile.{name}")


def check_fit(made_of: Resource, definition: Resource) -> None:
    """Refuse a source of another operating system or generation than the definition's."""
    if made_of.type == _MACHINE:
        facts = {
            "osType": made_of.properties["storageProfile"]["osDisk"]["osType"],
            "hyperVGeneration": made_of.private["generation"],
        }
    elif "file" in made_of.private:
        facts = {"osType": made_of.private["os_type"], "hyperVGeneration": made_of.private["generation"]}
    else:
        facts = {name: made_of.properties[name] for name in ("osType", "hyperVGeneration")}
    for name, value in facts.items():
        wanted = definition.properties[name]
        if value != wanted:
            message = f"The source's {name} '{value}' does not match '{wanted}' of the image definition."
            raise ArmError(409, "ImageDefinitionMismatch", message, target=f"properties.{name}")


def merged(old: Resource, given: dict[str, Any]) -> dict[str, Any]:
    """Apply an update. Raises ArmError (409, PropertyChangeNotAllowed) for what is fixed at publication."""
    new = copy.deepcopy(old.properties)
    for part, value in given["storageProfile"].items():
        before = new["storageProfile"].get(part, {})
        if any(before.get(name) != its for name, its in value.items()):
            message = f"Changing property 'storageProfile.{part}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"galleryImageVersion.properties.{part}")
    profile = given["publishingProfile"]
    for name in _FIXED:
        if name in profile and profile[name] != new["publishingProfile"].get(name, profile[name]):
            message = f"Changing property 'publishingProfile.{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"galleryImageVersion.properties.{name}")
    new["publishingProfile"].update(profile)
    new.update({part: given[part] for part in ("safetyProfile",) if part in given})
    return new
