"""Resource SKUs and the older list of sizes: what sizes a region has and what they can do.

It owns the two answers; it must not know quotas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from devkit.azure import regions
from devkit.azure.compute_facts.sizes import SIZES, Size, in_region
from devkit.azure.errors import invalid
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
_MB = 1024  # in a GB
_OS_DISK_MB = 1023 * _MB  # Azure's answer for every size
_FILTER = re.compile(r"\s*location eq '([^']*)'\s*", re.IGNORECASE)
COMPUTE = f"{SUBSCRIPTION}/providers/Microsoft.Compute"


@table.route("GET", f"{COMPUTE}/skus")
async def list_skus(_: Cloud, call: Call) -> Answer:
    """List the sizes, each region's apart; `$filter` knows the documented `location eq 'x'`."""
    wanted = list(regions.REGIONS)
    if "$filter" in call.query:
        match = _FILTER.fullmatch(call.query["$filter"])
        if match is None:
            raise invalid(f"The filter '{call.query['$filter']}' is not one that skus can be filtered by.", "$filter")
        wanted = [region for region in wanted if region == match[1].replace(" ", "").lower()]
    return Answer(200, {"value": [_sku(size, region) for size in SIZES for region in wanted if region in size.regions]})


def _sku(size: Size, region: str) -> dict[str, Any]:
    capabilities = {
        "MaxResourceVolumeMB": size.temporary * _MB,
        "OSVhdSizeMB": _OS_DISK_MB,
        "vCPUs": size.vcpus,
        "vCPUsAvailable": size.vcpus,
        "MemoryGB": f"{size.memory:g}",
        "MaxDataDiskCount": size.data_disks,
        "CpuArchitectureType": size.architecture,
        "HyperVGenerations": ",".join(size.generations),
        "PremiumIO": size.premium,
        "VMDeploymentTypes": "IaaS",
    }
    if "NVMe" in size.controllers:
        capabilities["DiskControllerTypes"] = ", ".join(size.controllers)
    if size.confidential is not None:
        capabilities["ConfidentialComputingType"] = size.confidential
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [region],
        "locationInfo": [{"location": region, "zones": [], "zoneDetails": []}],
        "capabilities": [{"name": name, "value": str(value)} for name, value in capabilities.items()],
        "restrictions": [_restriction(region)] if size.restricted else [],
    }


def _restriction(region: str) -> dict[str, Any]:
    return {
        "type": "Location",
        "values": [region],
        "restrictionInfo": {"locations": [region]},
        "reasonCode": "NotAvailableForSubscription",
    }


@table.route("GET", f"{COMPUTE}/locations/{{location}}/vmSizes")
async def list_sizes(_: Cloud, call: Call) -> Answer:
    """List a region's sizes."""
    value = [
        {
            "name": size.name,
            "numberOfCores": size.vcpus,
            "osDiskSizeInMB": _OS_DISK_MB,
            "resourceDiskSizeInMB": size.temporary * _MB,
            "memoryInMB": int(size.memory * _MB),
            "maxDataDiskCount": size.data_disks,
        }
        for size in in_region(regions.normal(call.params["location"]))
    ]
    return Answer(200, {"value": value})
