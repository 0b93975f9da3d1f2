"""Quotas of processors in a region: their limits, how many are in use, and how many each machine size has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiln.cloud import clients
from kiln.cloud.failures import azure

if TYPE_CHECKING:
    from collections.abc import Mapping

REGIONAL = "cores"
"""The name of the quota of all families together."""


class Quota(NamedTuple):
    """A quota, in processors: how many are in use, and the limit."""

    used: int
    limit: int


class Size(NamedTuple):
    """A machine size: its family, its processors, and the reason if the subscription may not use it, else None."""

    family: str
    cores: int
    restricted: str | None


def quotas(subscription: str, region: str) -> Mapping[str, Quota]:
    """Return the quotas of a region by name in lower case; the name of a family's quota is the family's."""
    with azure(f"list the quotas of {region}"):
        listed = list(clients.compute(subscription).usage.list(region, api_version=clients.COMPUTE))
    return {str(usage.name.value).lower(): Quota(int(usage.current_value), int(usage.limit)) for usage in listed}


def sizes(subscription: str, region: str) -> Mapping[str, Size]:
    """Return the machine sizes of a region by name in lower case."""
    with azure(f"list the sizes of {region}"):
        listed = list(
            clients.compute(subscription).resource_skus.list(filter=f"location eq '{region}'", api_version=clients.SKUS)
        )
    found: dict[str, Size] = {}
    for sku in listed:
        if sku.resource_type != "virtualMachines":
            continue
        cores = next((each.value for each in sku.capabilities or () if each.name == "vCPUs"), None)
        whole = [each for each in sku.restrictions or () if str(getattr(each.type, "value", each.type)) == "Location"]
        reason = str(getattr(whole[0].reason_code, "value", whole[0].reason_code)) if whole else None
        found[str(sku.name).lower()] = Size(str(sku.family), int(cores or 0), reason)
    return found
