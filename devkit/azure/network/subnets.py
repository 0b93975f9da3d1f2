"""Subnets: ranges of a virtual network, with the addresses that are free in them.

It owns address checks and allocation; it must not know the document of a network or an interface.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.errors import ArmError, invalid
from devkit.azure.network import references
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
_JOIN = "Microsoft.Network/virtualNetworks/subnets/action"
_FULL = "Subnet {name} with address prefix {prefix} does not have enough capacity for 1 IP addresses."
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


def show(cloud: Cloud, subnet: Resource) -> dict[str, Any]:
    """Show a subnet with the addresses that are taken in it."""
    shown = subnet.show()
    used = [{"id": part["id"]} for _, part in interfaces_in(cloud, subnet)]
    return {**shown, "properties": {**shown["properties"], **({"ipConfigurations": used} if used else {})}}


def _fill_in(subnet_id: str, properties: dict[str, Any]) -> None:
    """Fill in what the service fills in: the specification's defaults, and the actions that a delegation allows."""
    properties.setdefault("privateEndpointNetworkPolicies", "Disabled")
    properties.setdefault("privateLinkServiceNetworkPolicies", "Enabled")
    for delegation in properties.setdefault("delegations", []):
        delegation |= {"id": f"{subnet_id}/delegations/{delegation['name']}", "type": f"{TYPE}/delegations"}
        delegation["properties"] |= {"provisioningState": "Succeeded", "actions": [_JOIN]}


def _check(
    cloud: Cloud, subnet_id: str, properties: dict[str, Any], network: dict[str, Any], others: dict[str, Any]
) -> None:
    name, space = subnet_id.rsplit("/", 1)[-1], network["properties"]["addressSpace"]["addressPrefixes"]
    prefix = prefix_of(properties)
    if not any(prefix.subnet_of(ipaddress.ip_network(outer)) for outer in space):  # type: ignore[arg-type]  # v4 in v4
        raise ArmError(400, "NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in the virtual network's space.")
    for other, its in others.items():
        if prefix.overlaps(prefix_of(its)):
            raise ArmError(400, "NetcfgSubnetRangesOverlap", f"Subnet '{name}' overlaps with subnet '{other}'.")
    group = properties.get("networkSecurityGroup")
    if group is not None:
        references.require(cloud, group["id"], references.SECURITY_GROUP, user=subnet_id, location=network["location"])
    old = cloud.store.find(subnet_id)
    if old is not None:
        _keep_delegations(cloud, old, properties)


def _keep_delegations(cloud: Cloud, old: Resource, properties: dict[str, Any]) -> None:
    before, after = (
        [d["properties"]["serviceName"] for d in p.get("delegations", [])] for p in (old.properties, properties)
    )
    users = interfaces_in(cloud, old)
    if users and before != after:
        message = (
            f"Delegations of subnet {old.id} cannot be changed from [{', '.join(before)}] to [{', '.join(after)}] "
            f"because it is being used by the resource {users[0][1]['id']}."
        )
        raise ArmError(400, "SubnetDelegationsCannotChangeWhenSubnetUsedByResource", message)


def check_all(cloud: Cloud, network_id: str, network: dict[str, Any], given: list[dict[str, Any]]) -> None:
    """Check the whole list of subnets in a network's document, and that none in use would vanish."""
    seen: dict[str, Any] = {}
    for subnet in given:
        if "name" not in subnet:
            raise invalid("A subnet needs a name.", "properties.subnets.name")
        _check(cloud, f"{network_id}/subnets/{subnet['name']}", subnet["properties"], network, seen)
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
        subnet_id = f"{network_id}/subnets/{subnet['name']}"
        properties = {**subnet["properties"], "provisioningState": "Succeeded"}
        _fill_in(subnet_id, properties)
        cloud.store.save(Resource(subnet_id, TYPE, {"properties": properties}))


@table.route("PUT", PATH, body=SUBNET)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update one subnet."""
    network = cloud.store.get(ids.parent(call.id))
    others = {s.name: s.properties for s in of(cloud, network.id) if s.key != ids.key(call.id)}
    _check(cloud, call.id, call.body["properties"], network.doc, others)
    _fill_in(call.id, call.body["properties"])
    return crud.put(cloud, call, TYPE, {"properties": call.body["properties"]}, work="subnet.put")


def interfaces_in(cloud: Cloud, subnet: Resource) -> list[tuple[Resource, dict[str, Any]]]:
    """List the interfaces with an address in a subnet, each with its IP configuration there."""
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


def allocate(cloud: Cloud, subnet: Resource, wanted: str | None, nic_id: str) -> str:
    """Return the wanted address if it is free, else the lowest free one. Raises ArmError (400)."""
    for delegation in subnet.properties.get("delegations", []):
        service = delegation["properties"]["serviceName"]
        message = f"Resource {nic_id} is not permitted on subnet {subnet.id}, which is delegated to {service}."
        raise ArmError(400, "ResourceNotPermittedOnDelegatedSubnet", message)
    prefix = prefix_of(subnet.properties)
    taken = {
        p["properties"]["privateIPAddress"] for nic, p in interfaces_in(cloud, subnet) if nic.key != ids.key(nic_id)
    }
    usable = range(_RESERVED_BELOW, prefix.num_addresses - 1)
    if wanted is not None:
        if ipaddress.ip_address(wanted) not in prefix:
            raise ArmError(400, "PrivateIPAddressNotInSubnet", f"Address {wanted} is not in subnet {subnet.id}.")
        if int(ipaddress.ip_address(wanted)) - int(prefix.network_address) not in usable:
            message = f"Private static IP address {wanted} falls within reserved IP range of subnet prefix {prefix}."
            raise ArmError(400, "PrivateIPAddressInReservedRange", message)
        if wanted in taken:
            raise ArmError(400, "PrivateIPAddressInUse", f"Address {wanted} is in use.")
        return wanted
    for offset in usable:
        if (free := str(prefix[offset])) not in taken:
            return free
    raise ArmError(400, "SubnetIsFull", _FULL.format(name=subnet.name, prefix=prefix))


async def remove(cloud: Cloud, subnet: Resource) -> None:
    """Delete a subnet."""
    cloud.store.delete(subnet)


crud.reads(table, TYPE, show)
works.work("subnet.put")(crud.settle)
crud.deletes(table, works, TYPE, work="subnet.delete", remove=remove, refuse=refuse_if_used)
