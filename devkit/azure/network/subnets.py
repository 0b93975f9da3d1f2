"""Subnets: ranges of a virtual network, with the addresses that are free in them.

It owns address checks and allocation; it must not know the document of a network or an interface.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.errors import ArmError, invalid
from devkit.azure.network.shapes import SUBNET
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Network/virtualNetworks/subnets"
PATH = crud.path_of(TYPE)
_RESERVED_BELOW = 4  # Azure keeps the first four addresses and the last one of every subnet


def of(cloud: Cloud, network_id: str) -> list[Resource]:
    """List a network's subnets."""
    return cloud.store.list(kind=TYPE, within=network_id)


def prefix_of(properties: dict[str, Any]) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return a subnet's (first) prefix. Raises ArmError (400) if there is none or it is no prefix."""
    text = properties.get("addressPrefix") or next(iter(properties.get("addressPrefixes", [])), None)
    if text is None:
        raise invalid("A subnet needs addressPrefix or addressPrefixes.", "properties.addressPrefix")
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ArmError(400, "InvalidAddressPrefixFormat", f"Address prefix {text} is invalid: {error}") from error


def _check(cloud: Cloud, name: str, properties: dict[str, Any], space: list[str], others: dict[str, Any]) -> None:
    prefix = prefix_of(properties)
    if not any(prefix.subnet_of(ipaddress.ip_network(outer)) for outer in space):  # type: ignore[arg-type]  # v4 in v4
        raise ArmError(400, "NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in the virtual network's space.")
    for other, its in others.items():
        if prefix.overlaps(prefix_of(its)):
            raise ArmError(400, "NetcfgSubnetRangesOverlap", f"Subnet '{name}' overlaps with subnet '{other}'.")
    group = properties.get("networkSecurityGroup")
    if group is not None:
        require(cloud, group["id"], "Microsoft.Network/networkSecurityGroups")


def require(cloud: Cloud, resource_id: str, kind: str) -> Resource:
    """Return a resource that another refers to. Raises ArmError as Network words a dangling reference."""
    ids.parse(resource_id, kind)
    found = cloud.store.find(resource_id)
    if found is None or found.type.lower() != kind.lower():
        message = f"Resource {resource_id} referenced by the request was not found."
        raise ArmError(400, "InvalidResourceReference", message)
    return found


def check_all(cloud: Cloud, network_id: str, network: dict[str, Any], given: list[dict[str, Any]]) -> None:
    """Check a network's whole list of subnets, and that none in use would vanish."""
    seen: dict[str, Any] = {}
    for subnet in given:
        if "name" not in subnet:
            raise invalid("A subnet needs a name.", "properties.subnets.name")
        _check(cloud, subnet["name"], subnet["properties"], network["addressSpace"]["addressPrefixes"], seen)
        seen[subnet["name"]] = subnet["properties"]
    kept = {name.lower() for name in seen}
    for old in of(cloud, network_id):
        if old.name.lower() not in kept:
            refuse_if_used(cloud, old)


def replace(cloud: Cloud, network_id: str, given: list[dict[str, Any]]) -> None:
    """Make the network's subnets exactly these, which have been checked."""
    kept = {subnet["name"].lower() for subnet in given}
    for old in of(cloud, network_id):
        if old.name.lower() not in kept:
            cloud.store.delete(old)
    for subnet in given:
        properties = {**subnet["properties"], "provisioningState": "Succeeded"}
        cloud.store.save(Resource(f"{network_id}/subnets/{subnet['name']}", TYPE, {"properties": properties}))


@table.route("PUT", PATH, body=SUBNET)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update one subnet."""
    network = cloud.store.get(ids.parent(call.id))
    others = {s.name: s.properties for s in of(cloud, network.id) if s.key != ids.key(call.id)}
    space = network.properties["addressSpace"]["addressPrefixes"]
    _check(cloud, call.id.rsplit("/", 1)[-1], call.body["properties"], space, others)
    return crud.put(cloud, call, TYPE, {"properties": call.body["properties"]}, work="subnet.put")


def interfaces_in(cloud: Cloud, subnet: Resource) -> list[tuple[Resource, dict[str, Any]]]:
    """List the interfaces with an address in a subnet, each with that part of it."""
    return [
        (nic, part)
        for nic in cloud.store.list(kind="Microsoft.Network/networkInterfaces")
        for part in nic.properties.get("ipConfigurations", [])
        if ids.key(part["properties"]["subnet"]["id"]) == subnet.key
    ]


def refuse_if_used(cloud: Cloud, subnet: Resource) -> None:
    """Refuse to delete a subnet that an interface uses."""
    for nic, part in interfaces_in(cloud, subnet):
        message = (
            f"Subnet {subnet.name} is in use by {nic.id}/ipConfigurations/{part['name']} and cannot be deleted. "
            "In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet."
        )
        raise ArmError(400, "InUseSubnetCannotBeDeleted", message)


def allocate(cloud: Cloud, subnet: Resource, wanted: str | None, nic_key: str) -> str:
    """Return the wanted address if it is free, else the lowest free one. Raises ArmError (400)."""
    prefix = prefix_of(subnet.properties)
    taken = {p["properties"]["privateIPAddress"] for nic, p in interfaces_in(cloud, subnet) if nic.key != nic_key}
    usable = range(_RESERVED_BELOW, prefix.num_addresses - 1)
    if wanted is not None:
        if ipaddress.ip_address(wanted) not in prefix:
            raise ArmError(400, "PrivateIPAddressNotInSubnet", f"Address {wanted} is not in subnet {subnet.id}.")
        if wanted in taken:
            raise ArmError(400, "PrivateIPAddressInUse", f"Address {wanted} is in use.")
        return wanted
    for offset in usable:
        if (free := str(prefix[offset])) not in taken:
            return free
    raise ArmError(400, "SubnetIsFull", f"Subnet {subnet.id} does not have enough capacity for 1 IP addresses.")


async def remove(cloud: Cloud, subnet: Resource) -> None:
    """Delete a subnet."""
    cloud.store.delete(subnet)


crud.reads(table, TYPE)
works.work("subnet.put")(crud.settle)
crud.deletes(table, works, TYPE, work="subnet.delete", remove=remove, refuse=refuse_if_used)
