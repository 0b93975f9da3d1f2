"""Rules of an image version's document: refusals of Azure's, and what an update may change.

It owns these checks as functions of documents; it must not know operations or replication's progress.
"""

from __future__ import annotations

import copy
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from devkit.azure import marketplace_catalog, regions
from devkit.azure.errors import ArmError, invalid, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devkit.azure.store import Resource

_NAME = re.compile(r"([0-9]{1,10})\.([0-9]{1,10})\.([0-9]{1,10})")
_LARGEST = 2**31 - 1  # "32-bit integers": learn.microsoft.com, "Store and share images in an Azure Compute Gallery"
_MOST_REPLICAS = 100  # learn.microsoft.com, "Azure Compute Gallery": limits
_FIXED = ("replicationMode", "storageAccountType")
_PROFILE = "galleryImageVersion.properties.publishingProfile"


def check_name(name: str) -> None:
    """Refuse a name that is not major.minor.patch in 32-bit integers, in Azure's words.

    They are those of hashicorp/packer-plugin-azure issue 187. Leading zeros are taken: the versions of the galleries of
    Microsoft's own AKS have them, as 2022.10.03 (Azure/karpenter-provider-azure).
    """
    match = _NAME.fullmatch(name)
    if match is None or any(int(part) > _LARGEST for part in match.groups()):
        message = (
            "The image version name is invalid. The image version name should follow Major(int).Minor(int).Patch(int) "
            f"format, where int is between 0 and {_LARGEST:,} (inclusive). For e.g: 1.0.0, 2018.12.1 etc."
        )
        raise ArmError(400, "InvalidParameter", message, target="galleryImageVersionName")


def check_only_spelling(name: str, others: Iterable[str]) -> None:
    """Refuse a version that differs from another one of its definition in leading zeros alone.

    No public text says whether Azure takes it, or which of the two is then the latest.
    """
    numbers = marketplace_catalog.order(name)
    twin = next((other for other in others if other != name and marketplace_catalog.order(other) == numbers), None)
    if twin is not None:
        raise unsupported(f"the image version {name} beside {twin}, which is the same but for leading zeros")


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
            f"Gallery image version publishing profile regions '{', '.join(names)}' must contain the location of image "
            f"version '{home}'.",
            f"{_PROFILE}.targetRegions",
        )
    if len(set(names)) != len(names):
        raise invalid("Duplicate regions are not allowed in target publishing regions.", f"{_PROFILE}.targetRegions")
    for target, name in zip(targets, names, strict=True):
        target["name"] = regions.REGIONS[name]
        target.setdefault("regionalReplicaCount", replicas)
        target.setdefault("storageAccountType", profile.get("storageAccountType", "Standard_LRS"))
    _check_replicas("replicaCount", replicas)
    for target in targets:
        _check_replicas("targetRegions.regionalReplicaCount", target["regionalReplicaCount"])
    most = max(target["regionalReplicaCount"] for target in targets)
    if profile.get("replicationMode") == "Shallow" and (names != [home] or replicas != 1 or most != 1):
        raise invalid("Shallow replication knows one replica in the source region alone.", "replicationMode")
    if "endOfLifeDate" in profile:
        _check_date(profile["endOfLifeDate"])


def _check_replicas(name: str, count: int) -> None:
    if not 1 <= count <= _MOST_REPLICAS:
        message = (
            f"The value {count} of parameter {name} is out of range. The value must be between 1 and {_MOST_REPLICAS}, "
            "inclusive."
        )
        raise invalid(message, f"{_PROFILE}.{name}")


def _check_date(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"The value '{text}' of endOfLifeDate is no date.", f"{_PROFILE}.endOfLifeDate") from error


def merged(old: Resource, given: dict[str, Any]) -> dict[str, Any]:
    """Apply an update. Raises ArmError (409, PropertyChangeNotAllowed) for what is fixed at publication."""
    new = copy.deepcopy(old.properties)
    for part, value in given.get("storageProfile", {}).items():
        if part == "dataDiskImages":
            _refuse_other_data_disks(new["storageProfile"].get(part, []), value)
            continue
        _refuse_changes(part, new["storageProfile"].get(part, {}), value)
    profile = given["publishingProfile"]
    for name in _FIXED:
        if name in profile and profile[name] != new["publishingProfile"].get(name, profile[name]):
            message = f"Changing property 'publishingProfile.{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"galleryImageVersion.properties.{name}")
    new["publishingProfile"].update(profile)
    new.update({part: given[part] for part in ("safetyProfile",) if part in given})
    return new


def _refuse_other_data_disks(kept: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
    by_lun = {disk["lun"]: disk for disk in kept}
    if {disk["lun"] for disk in given} != by_lun.keys():
        message = "Adding new Data Disks or changing the LUN of a Data Disk in an existing Image is not allowed."
        raise ArmError(409, "PropertyChangeNotAllowed", message, target="galleryImageVersion.properties.dataDiskImages")
    for disk in given:
        _refuse_changes("dataDiskImages", by_lun[disk["lun"]], disk)


def _refuse_changes(part: str, kept: dict[str, Any], given: dict[str, Any]) -> None:
    for name, value in given.items():
        if kept.get(name) != value:
            where = f"galleryImageVersion.properties.storageProfile.{part}.{name}"
            message = f"Changing property '{where}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=where)
