"""Network security groups: rules that nothing here enforces, because machines have no inbound network at all.

It owns the document and who uses it; it must not know subnets' or interfaces' own rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.errors import ArmError
from devkit.azure.network.shapes import SECURITY_GROUP
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Network/networkSecurityGroups"
_USERS = ("Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks/subnets")
# learn.microsoft.com, "Network security groups", default security rules: name, priority, from, to, access, direction.
_DEFAULTS = (
    ("AllowVnetInBound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow", "Inbound"),
    ("AllowAzureLoadBalancerInBound", 65001, "AzureLoadBalancer", "*", "Allow", "Inbound"),
    ("DenyAllInBound", 65500, "*", "*", "Deny", "Inbound"),
    ("AllowVnetOutBound", 65000, "VirtualNetwork", "VirtualNetwork", "Allow", "Outbound"),
    ("AllowInternetOutBound", 65001, "*", "Internet", "Allow", "Outbound"),
    ("DenyAllOutBound", 65500, "*", "*", "Deny", "Outbound"),
)


def _default_rules(group_id: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{group_id}/defaultSecurityRules/{name}",
            "name": name,
            "properties": {
                "provisioningState": "Succeeded",
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": target,
                "access": access,
                "priority": priority,
                "direction": direction,
            },
        }
        for name, priority, source, target, access, direction in _DEFAULTS
    ]


def _check_priorities(rules: list[dict[str, Any]]) -> None:
    seen: dict[tuple[str, int], str] = {}
    for rule in rules:
        slot = (rule["properties"]["direction"], rule["properties"]["priority"])
        if slot in seen:
            message = f"Security rule {rule['name']} conflicts with rule {seen[slot]}: same priority and direction."
            raise ArmError(400, "SecurityRuleConflict", message)
        seen[slot] = rule["name"]


@table.route("PUT", crud.path_of(TYPE), body=SECURITY_GROUP)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update a security group."""
    properties = call.body.setdefault("properties", {})
    rules = properties.setdefault("securityRules", [])
    _check_priorities(rules)
    for rule in rules:
        rule["id"] = f"{call.id}/securityRules/{rule['name']}"
        rule["properties"]["provisioningState"] = "Succeeded"
    properties["defaultSecurityRules"] = _default_rules(call.id)
    return crud.put(cloud, call, TYPE, call.body, work="securityGroup.put")


def _refuse(cloud: Cloud, group: Resource) -> None:
    for user in (found for kind in _USERS for found in cloud.store.list(kind=kind)):
        if ids.key(user.properties.get("networkSecurityGroup", {}).get("id", "")) == group.key:
            message = f"Network security group {group.id} cannot be deleted because it is in use by: {user.id}."
            raise ArmError(400, "InUseNetworkSecurityGroupCannotBeDeleted", message)


async def remove(cloud: Cloud, group: Resource) -> None:
    """Delete a security group."""
    cloud.store.delete(group)


crud.reads(table, TYPE)
works.work("securityGroup.put")(crud.settle)
crud.deletes(table, works, TYPE, work="securityGroup.delete", remove=remove, refuse=_refuse)
