"""Quotas: limits of a subscription in a region, and how much of each is in use.

It owns the limits (chosen, as each subscription has its own) and the counting; it must not know what a machine does.
Nothing here enforces a limit.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from devkit.azure import regions
from devkit.azure.compute_facts.sizes import SIZES, find
from devkit.azure.compute_facts.skus import COMPUTE
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
MACHINES = 25_000  # learn.microsoft.com, "Azure subscription and service limits": VMs per subscription and region
VCPUS = 100
FAMILY_VCPUS = 100
_DEALLOCATED = "deallocated"


@table.route("GET", f"{COMPUTE}/locations/{{location}}/usages")
async def list_usages(cloud: Cloud, call: Call) -> Answer:
    """List a region's quotas: all vCPUs, machines, each family's vCPUs. A deallocated machine counts for no vCPU."""
    region = regions.normal(call.params["location"])
    machines = [vm for vm in cloud.store.list(kind="Microsoft.Compute/virtualMachines") if vm.doc["location"] == region]
    used: Counter[str] = Counter()
    for vm in machines:
        size = find(vm.properties.get("hardwareProfile", {}).get("vmSize", ""))
        if size is not None and vm.private.get("power") != _DEALLOCATED:
            used[size.family] += size.vcpus
    families = {size.family: 0 if size.restricted else FAMILY_VCPUS for size in SIZES}
    return Answer(200, {
        "value": [
            _usage("cores", "Total Regional vCPUs", used.total(), VCPUS),
            _usage("virtualMachines", "Virtual Machines", len(machines), MACHINES),
            *(_usage(name, _display(name), used[name], limit) for name, limit in families.items()),
        ]
    })  # fmt: skip


def _usage(name: str, display: str, value: int, limit: int) -> dict[str, Any]:
    return {"unit": "Count", "currentValue": value, "limit": limit, "name": {"value": name, "localizedValue": display}}


def _display(family: str) -> str:
    """Write a family as Azure's portal does: standardDSv5Family is "Standard DSv5 Family vCPUs"."""
    return f"Standard {family.removeprefix('standard').removesuffix('Family')} Family vCPUs"
