"""The bodies of the PUTs that make a machine and its network interface.

Facts: Microsoft's REST reference of Microsoft.Compute/virtualMachines (2024-07-01). A Windows machine's password is
made here for one call, and is in no message, log or record.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from kiln.planner.scripts.scrub import ADMINISTRATOR

if TYPE_CHECKING:
    from kiln.planner.plan import MachineSpec

DISK_KIND = "StandardSSD_LRS"
COMPUTER_NAME = "kiln"
"""The computer's name, valid on every system: Windows takes at most 15 characters, and not digits alone."""


def interface_body(machine: MachineSpec) -> dict[str, Any]:
    """Return the body of the network interface's PUT. In Kiln's own subnet it needs no security group: that has one."""
    properties: dict[str, Any] = {
        "ipConfigurations": [
            {
                "name": "private",
                "properties": {"subnet": {"id": machine.subnet_id}, "privateIPAllocationMethod": "Dynamic"},
            }
        ]
    }
    if machine.security_group_id:
        properties["networkSecurityGroup"] = {"id": machine.security_group_id}
    return {"location": machine.location, "tags": machine.tags, "properties": properties}


def machine_body(machine: MachineSpec, interface: str) -> dict[str, Any]:
    """Return the body of the machine's PUT; `interface` is its network interface's ARM id."""
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": machine.size},
        "storageProfile": {
            "imageReference": machine.source.model_dump(exclude_none=True),
            "osDisk": _os_disk(machine),
            "dataDisks": _data_disks(machine),
        },
        "osProfile": _os_profile(machine),
        "networkProfile": {
            "networkInterfaces": [{"id": interface, "properties": {"primary": True, "deleteOption": "Delete"}}]
        },
    }
    body: dict[str, Any] = {"location": machine.location, "tags": machine.tags, "properties": properties}
    if machine.identities:
        body["identity"] = {
            "type": "UserAssigned",
            "userAssignedIdentities": {identity: {} for identity in machine.identities},
        }
    if machine.plan:
        body["plan"] = machine.plan.model_dump()
    return body


def _os_disk(machine: MachineSpec) -> dict[str, Any]:
    disk: dict[str, Any] = {
        "name": machine.disk,
        "createOption": "FromImage",
        "deleteOption": "Delete",
        "managedDisk": {"storageAccountType": DISK_KIND},
    }
    if machine.disk_size_gb:
        disk["diskSizeGB"] = machine.disk_size_gb
    return disk


def _data_disks(machine: MachineSpec) -> list[dict[str, Any]]:
    disks: list[dict[str, Any]] = []
    for spec in machine.data_disks:
        disk: dict[str, Any] = {
            "name": spec.name,
            "lun": spec.lun,
            "createOption": "FromImage" if spec.from_image else "Empty",
            "deleteOption": "Delete",
            "managedDisk": {"storageAccountType": DISK_KIND},
        }
        if spec.size_gb:
            disk["diskSizeGB"] = spec.size_gb
        disks.append(disk)
    return disks


def _os_profile(machine: MachineSpec) -> dict[str, Any]:
    profile: dict[str, Any] = {"computerName": COMPUTER_NAME, "adminUsername": ADMINISTRATOR}
    if machine.os == "Windows":
        profile["adminPassword"] = _password()
        profile["windowsConfiguration"] = {"provisionVMAgent": True, "enableAutomaticUpdates": False}
        return profile
    key = {"path": f"/home/{ADMINISTRATOR}/.ssh/authorized_keys", "keyData": machine.ssh_public_key}
    profile["linuxConfiguration"] = {"disablePasswordAuthentication": True, "ssh": {"publicKeys": [key]}}
    return profile


def _password() -> str:
    """Return a password of 256 random bits that has all the kinds of characters that Azure asks for."""
    return f"Aa1!{secrets.token_urlsafe(32)}"
