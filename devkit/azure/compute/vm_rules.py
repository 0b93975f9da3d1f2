"""Rules of a virtual machine's document: refusals of Azure's, and what a second PUT keeps.

It owns these checks as functions of documents; it must not know operations or machines.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.errors import ArmError, invalid, unsupported

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

_FREE = ("deleteOption", "caching")
_FIXED = ("computerName", "adminUsername", "linuxConfiguration", "windowsConfiguration", "allowExtensionOperations")


def check_new(properties: dict[str, Any]) -> None:
    """Refuse a new machine that lacks what has to be there."""
    storage = properties.get("storageProfile", {})
    for part in ("imageReference", "osDisk"):
        if part not in storage:
            raise invalid(f"Required parameter '{part}' is missing (null).", part)
    if not properties.get("networkProfile", {}).get("networkInterfaces"):
        raise invalid("Virtual Machine must have at least one network interface.", "networkProfile.networkInterfaces")


def nics(cloud: Cloud, properties: dict[str, Any]) -> list[Resource]:
    """Return the interfaces that a machine names. Raises ArmError (400) if one does not exist."""
    found = []
    for reference in properties.get("networkProfile", {}).get("networkInterfaces", []):
        ids.parse(reference["id"], "networkProfile.networkInterfaces.id")
        nic = cloud.store.find(reference["id"])
        if nic is None:
            message = (
                f"Resource {reference['id']} referenced by the virtual machine was not found. Please make sure that "
                "the referenced resource exists, and that both resources are in the same region."
            )
            raise ArmError(400, "InvalidResourceReference", message)
        reference["id"] = nic.id
        found.append(nic)
    return found


def merged(old: Resource, given: dict[str, Any]) -> dict[str, Any]:
    """Apply a second PUT. Raises ArmError (409, PropertyChangeNotAllowed) for what is fixed at creation."""
    new = copy.deepcopy(old.properties)
    _refuse_changes("osProfile", _FIXED, old.properties.get("osProfile", {}), given.get("osProfile", {}))
    storage, given_storage = new["storageProfile"], given.get("storageProfile", {})
    reference = ("publisher", "offer", "sku", "version", "id")
    _refuse_changes("imageReference", reference, storage["imageReference"], given_storage.get("imageReference", {}))
    disk, given_disk = storage["osDisk"], given_storage.get("osDisk", {})
    _refuse_changes("osDisk", ("name", "createOption", "osType"), disk, given_disk)
    disk.update({key: given_disk[key] for key in _FREE if key in given_disk})
    if "dataDisks" in given_storage:
        _merge_data_disks(storage["dataDisks"], given_storage["dataDisks"])
    standard = {"securityType": "Standard"}
    security = {**standard, **old.properties.get("securityProfile", {})}
    _refuse_changes("securityProfile", ("securityType",), security, given.get("securityProfile", {}))
    for part in given.keys() - {"osProfile", "storageProfile"}:
        new[part] = given[part]
    return new


def keep_envelope(old: Resource, body: dict[str, Any]) -> None:
    """Keep what a second PUT leaves out beside the properties. Raises ArmError (409) if it changes the plan."""
    _refuse_changes("plan", ("publisher", "product", "name"), old.doc.get("plan", {}), body.get("plan", {}))
    for part in ("identity", "plan", "zones"):
        if part not in body and part in old.doc:
            body[part] = old.doc[part]


def _merge_data_disks(kept: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
    if {disk["lun"] for disk in given} != {disk["lun"] for disk in kept}:
        raise unsupported("attaching or detaching the data disks of an existing machine")
    by_lun = {disk["lun"]: disk for disk in kept}
    for disk in given:
        old = by_lun[disk["lun"]]
        _refuse_changes("dataDisks", tuple(disk.keys() - set(_FREE)), old, disk)
        old.update({key: disk[key] for key in _FREE if key in disk})


def _refuse_changes(where: str, names: tuple[str, ...], old: dict[str, Any], given: dict[str, Any]) -> None:
    for name in names:
        if name in given and not _says_the_same(given[name], old.get(name)):
            message = f"Changing property '{where}.{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"{where}.{name}")


def _says_the_same(given: Any, old: Any) -> bool:
    """Compare a given value with the stored one, which may have more in it: defaults were added."""
    if isinstance(given, dict) and isinstance(old, dict):
        return all(_says_the_same(value, old.get(key)) for key, value in given.items())
    if isinstance(given, str) and isinstance(old, str):
        return given.lower() == old.lower()
    return bool(given == old)
