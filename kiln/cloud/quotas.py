"""Machine sizes of a region, and its quotas of processors: their limits, and how many are in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.planner.facts import DISK_CONTROLLERS, SizeFacts, disk_controllers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.mgmt.compute.models import ResourceSku

REGIONAL = "cores"
"""The name of the quota of all families together."""


class Quota(NamedTuple):
    """A quota, in processors: how many are in use, and the limit."""

    used: int
    limit: int


def quotas(subscription: str, region: str) -> Mapping[str, Quota]:
    """Return the quotas of a region by name in lower case; the name of a family's quota is the family's."""
    with azure(f"list the quotas of {region}"):
        listed = list(clients.compute(subscription).usage.list(region, api_version=clients.COMPUTE))
    return {str(usage.name.value).lower(): Quota(int(usage.current_value), int(usage.limit)) for usage in listed}


def sizes(subscription: str, region: str) -> dict[str, SizeFacts]:
    """Return the machine sizes of a region by name in lower case, without their quotas."""
    with azure(f"list the sizes of {region}"):
        listed = list(
            clients.compute(subscription).resource_skus.list(filter=f"location eq '{region}'", api_version=clients.SKUS)
        )
    return {str(sku.name).lower(): _size(sku) for sku in listed if sku.resource_type == "virtualMachines"}


def sizes_with_quotas(subscription: str, region: str) -> dict[str, SizeFacts]:
    """Return the machine sizes of a region by name in lower case, each with the limit of its family's quota."""
    limits = quotas(subscription, region)
    found = sizes(subscription, region)
    for name, size in found.items():
        quota = limits.get(size.family.lower())
        if quota is not None:
            found[name] = size.model_copy(update={"quota": quota.limit})
    return found


def _size(sku: ResourceSku) -> SizeFacts:
    able = {str(each.name): str(each.value) for each in sku.capabilities or ()}
    whole = [each for each in sku.restrictions or () if str(getattr(each.type, "value", each.type)) == "Location"]
    disks = able.get("MaxDataDiskCount")
    return SizeFacts(
        name=str(sku.name),
        family=str(sku.family),
        cores=int(able.get("vCPUs") or 0),
        restricted=str(getattr(whole[0].reason_code, "value", whole[0].reason_code)) if whole else None,
        generations=tuple(able.get("HyperVGenerations", "V1,V2").split(",")),
        architecture=able.get("CpuArchitectureType", "x64"),
        controllers=disk_controllers(able.get(DISK_CONTROLLERS)),
        data_disks=int(disks) if disks is not None else None,
    )
