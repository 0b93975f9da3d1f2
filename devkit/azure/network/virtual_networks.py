"""Virtual networks: their address space, and the subnets that a PUT of the network brings along.

It owns the network document; it must not know how a subnet is checked or used (see subnets).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from devkit.azure import crud
from devkit.azure.errors import ArmError
from devkit.azure.network import subnets
from devkit.azure.network.shapes import VIRTUAL_NETWORK
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Network/virtualNetworks"
PATH = crud.path_of(TYPE)


def show(cloud: Cloud, network: Resource) -> dict[str, Any]:
    """Show a network with its subnets, which are resources of their own."""
    shown = network.show()
    shown["properties"]["subnets"] = [subnets.show(cloud, subnet) for subnet in subnets.of(cloud, network.id)]
    return shown


def _check_address_space(properties: dict[str, Any]) -> None:
    for prefix in properties["addressSpace"]["addressPrefixes"]:
        try:
            ipaddress.ip_network(prefix)
        except ValueError as error:
            raise ArmError(400, "InvalidAddressPrefixFormat", f"Address prefix {prefix} is invalid: {error}") from error


@table.route("PUT", PATH, body=VIRTUAL_NETWORK)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update a network; subnets in the body are made, missing ones deleted, absent `subnets` kept."""
    _check_address_space(call.body["properties"])
    given = call.body["properties"].pop("subnets", None)
    if given is not None:
        subnets.check_all(cloud, call.id, call.body, given)
    network, created = crud.stage(cloud, call, TYPE, call.body)
    if given is not None:
        subnets.replace(cloud, network.id, given)
    operation = cloud.operations.begin("network.put", network.id, failure=call.failure)
    answer = crud.put_answer(cloud, call, network, operation, status=201 if created else 200)
    return Answer(answer.status, show(cloud, network), answer.headers)


def _refuse(cloud: Cloud, network: Resource) -> None:
    for subnet in subnets.of(cloud, network.id):
        subnets.refuse_if_used(cloud, subnet)


async def remove(cloud: Cloud, network: Resource) -> None:
    """Delete a network and its subnets."""
    for subnet in subnets.of(cloud, network.id):
        cloud.store.delete(subnet)
    cloud.store.delete(network)


crud.reads(table, TYPE, show)
works.work("network.put")(crud.settle)
crud.deletes(table, works, TYPE, work="network.delete", remove=remove, refuse=_refuse)
