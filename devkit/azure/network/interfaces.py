"""Network interfaces: an address in a subnet, waiting for or held by one machine.

It owns the document, and who holds the interface; it must not know virtual machines' rules.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.errors import ArmError
from devkit.azure.network import references, subnets
from devkit.azure.network.shapes import INTERFACE
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Network/networkInterfaces"


def _configure(cloud: Cloud, nic_id: str, location: str, part: dict[str, Any], *, first: bool) -> None:
    properties = part["properties"]
    subnet_id = properties["subnet"]["id"]
    subnet = references.require(cloud, subnet_id, subnets.TYPE, user=nic_id, location=location)
    properties.setdefault("privateIPAllocationMethod", "Dynamic")
    wanted = properties.get("privateIPAddress")
    properties["privateIPAddress"] = subnets.allocate(cloud, subnet, wanted, nic_id)
    properties.setdefault("privateIPAddressVersion", "IPv4")
    properties.setdefault("primary", first)
    properties["subnet"] = {"id": subnet.id}
    properties["provisioningState"] = "Succeeded"
    part["id"] = f"{nic_id}/ipConfigurations/{part['name']}"


@table.route("PUT", crud.path_of(TYPE), body=INTERFACE)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update an interface; its subnet and security group have to exist."""
    properties, location = call.body["properties"], call.body["location"]
    old = cloud.store.find(call.id)
    if not properties["ipConfigurations"]:
        raise ArmError(400, "NetworkInterfaceMustHaveAtLeastOneIpConfiguration", f"{call.id} has no IP configuration.")
    if old is not None:
        _keep_addresses(properties, old)
    for index, part in enumerate(properties["ipConfigurations"]):
        _configure(cloud, call.id, location, part, first=index == 0)
    if "networkSecurityGroup" in properties:
        group_id = properties["networkSecurityGroup"]["id"]
        group = references.require(cloud, group_id, references.SECURITY_GROUP, user=call.id, location=location)
        properties["networkSecurityGroup"] = {"id": group.id}
    digest = hashlib.sha256(ids.key(call.id).encode()).hexdigest()[:6].upper()
    properties["macAddress"] = "00-0D-3A-" + "-".join(digest[i : i + 2] for i in (0, 2, 4))
    if old is not None and "virtualMachine" in old.properties:
        properties["virtualMachine"] = old.properties["virtualMachine"]
    return crud.put(cloud, call, TYPE, call.body, work="interface.put")


def _keep_addresses(properties: dict[str, Any], old: Resource) -> None:
    """Let a repeated PUT without addresses keep those that were given out."""
    held = {part["name"]: part["properties"] for part in old.properties["ipConfigurations"]}
    for part in properties["ipConfigurations"]:
        before = held.get(part["name"])
        same_subnet = before and ids.key(before["subnet"]["id"]) == ids.key(part["properties"]["subnet"]["id"])
        if before and same_subnet:
            part["properties"].setdefault("privateIPAddress", before["privateIPAddress"])


def refuse_held(nic: Resource, vm_id: str) -> None:
    """Refuse an interface that another machine has: ArmError (400, NicInUse)."""
    holder = nic.properties.get("virtualMachine")
    if holder is not None and ids.key(holder["id"]) != ids.key(vm_id):
        message = f"Network Interface {nic.id} is used by existing resource {holder['id']}."
        raise ArmError(400, "NicInUse", message)


def hold(cloud: Cloud, nic: Resource, vm_id: str) -> None:
    """Give the interface to a machine."""
    nic.properties["virtualMachine"] = {"id": vm_id}
    cloud.store.save(nic)


def release(cloud: Cloud, nic: Resource) -> None:
    """Take the interface from its machine."""
    nic.properties.pop("virtualMachine", None)
    cloud.store.save(nic)


def _refuse(_: Cloud, nic: Resource) -> None:
    holder = nic.properties.get("virtualMachine")
    if holder is not None:
        message = f"Network Interface {nic.id} is used by existing resource {holder['id']}. See aka.ms/deletenic."
        raise ArmError(400, "NicInUse", message)


async def remove(cloud: Cloud, nic: Resource) -> None:
    """Delete an interface."""
    cloud.store.delete(nic)


crud.reads(table, TYPE)
works.work("interface.put")(crud.settle)
crud.deletes(table, works, TYPE, work="interface.delete", remove=remove, refuse=_refuse)
