"""What Azure refuses in a virtual machine's document, and what a second PUT keeps.

It owns these checks as functions of documents; it must not know operations or machines.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.errors import ArmError, conflict, invalid, unsupported

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.compute.image_source import ImageFacts
    from devkit.azure.store import Resource

_SIZE = re.compile(r"(Standard|Basic)_[A-Za-z0-9_-]+")
_COMPUTER_NAME_LIMIT = {"Linux": 64, "Windows": 15}  # learn.microsoft.com, naming rules for virtual machines
_FIXED = ("computerName", "adminUsername", "linuxConfiguration", "windowsConfiguration", "allowExtensionOperations")


def drop_secrets(properties: dict[str, Any]) -> None:
    """Take out what is never stored; note that a password was given, as a rule asks for it."""
    profile = properties.get("osProfile", {})
    if profile.pop("adminPassword", None):
        profile["_password"] = True
    profile.pop("customData", None)
    properties.pop("userData", None)


def check_new(properties: dict[str, Any]) -> None:
    """Refuse a new machine that lacks what has to be there, or has what the local Azure cannot do."""
    if not _SIZE.fullmatch(properties["hardwareProfile"]["vmSize"]):
        raise invalid(f"The value {properties['hardwareProfile']['vmSize']} is not a valid VM size.", "vmSize")
    storage = properties.get("storageProfile", {})
    for part in ("imageReference", "osDisk"):
        if part not in storage:
            raise invalid(f"Required parameter '{part}' is missing (null).", part)
    if storage.get("dataDisks"):
        raise unsupported("data disks (properties.storageProfile.dataDisks)")
    if not properties.get("networkProfile", {}).get("networkInterfaces"):
        raise invalid("Virtual Machine must have at least one network interface.", "networkProfile.networkInterfaces")


def check_profile(properties: dict[str, Any], facts: ImageFacts, name: str) -> None:
    """Refuse an OS profile that does not fit the image, and complete it."""
    profile = properties.get("osProfile")
    if not facts.generalized:
        if profile is not None:
            raise invalid("Parameter 'osProfile' is not allowed with a specialized image.", "osProfile")
        return
    if profile is None:
        raise invalid("Required parameter 'osProfile' is missing (null).", "osProfile")
    computer_name = profile.setdefault("computerName", name)
    limit = _COMPUTER_NAME_LIMIT[facts.os_type]
    if len(computer_name) > limit:
        raise invalid(
            f"{facts.os_type} computer name cannot be more than {limit} characters long.", "osProfile.computerName"
        )
    if "adminUsername" not in profile:
        raise invalid("Required parameter 'adminUsername' is missing (null).", "osProfile.adminUsername")
    keys = profile.get("linuxConfiguration", {}).get("ssh", {}).get("publicKeys", [])
    if not profile.pop("_password", False) and not (facts.os_type == "Linux" and keys):
        raise invalid("Authentication using either SSH or by user name and password must be enabled.", "osProfile")
    section = "linuxConfiguration" if facts.os_type == "Linux" else "windowsConfiguration"
    profile.setdefault(section, {}).setdefault("provisionVMAgent", True)
    profile.setdefault("allowExtensionOperations", True)


def check_disk(cloud: Cloud, disk: dict[str, Any], facts: ImageFacts, vm_key: str) -> None:
    """Refuse an OS disk that is smaller than its image or belongs to another machine."""
    if disk["diskSizeGB"] < facts.size_gb:
        message = (
            f"The specified disk size {disk['diskSizeGB']} GB is smaller than the size of the corresponding disk in "
            f"the VM image: {facts.size_gb} GB. This is not allowed."
        )
        raise ArmError(400, "ResizeDiskError", message, target="osDisk.diskSizeGB")
    if disk["osType"] != facts.os_type:
        raise invalid(f"The image is of {facts.os_type}, not {disk['osType']}.", "osDisk.osType")
    existing = cloud.store.find(disk["managedDisk"]["id"])
    if existing is not None and ids.key(existing.doc.get("managedBy", "")) != vm_key:
        raise conflict(f"Disk {disk['name']} already exists in resource group. Only CreateOption.Attach is supported.")


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
    if given_storage.get("dataDisks"):
        raise unsupported("data disks (properties.storageProfile.dataDisks)")
    disk.update({key: given_disk[key] for key in ("deleteOption", "caching") if key in given_disk})
    for part in given.keys() - {"osProfile", "storageProfile"}:
        new[part] = given[part]
    return new


def _refuse_changes(where: str, names: tuple[str, ...], old: dict[str, Any], given: dict[str, Any]) -> None:
    for name in names:
        if name in given and not _says_the_same(given[name], old.get(name)):
            message = f"Changing property '{where}.{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"{where}.{name}")


def _says_the_same(given: Any, old: Any) -> bool:
    """Compare what was given with what is stored, which may have more: defaults were added."""
    if isinstance(given, dict) and isinstance(old, dict):
        return all(_says_the_same(value, old.get(key)) for key, value in given.items())
    if isinstance(given, str) and isinstance(old, str):
        return given.lower() == old.lower()
    return bool(given == old)
