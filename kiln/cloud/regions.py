"""The check that Azure has the regions that a template names, so that a typo is reported before a build."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused
from kiln.ids import region_name
from kiln.template.distributors import ManagedImageDistributor, SharedImageDistributor
from kiln.template.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kiln.errors import BuildError
    from kiln.template.models import ImageTemplate

COMPUTE = "Microsoft.Compute"
ALIKE = 0.75
"""The least similarity of a typo and the region that may be meant (difflib's ratio)."""


class _Place(NamedTuple):
    """A region as a template names it, the property's path, the type to be made there, and AIB's error code."""

    region: str
    path: str
    type: str
    code: str


def check(template: ImageTemplate, subscription: str) -> list[BuildError]:
    """Return an error for each region in which Azure does not offer the type of resource that is to be made there.

    A type for which Azure lists no regions is not checked.
    """
    offered = _offered(subscription)
    return [
        _error(place, known)
        for place in _places(template)
        if (known := offered.get(place.type)) and region_name(place.region) not in known
    ]


def _places(template: ImageTemplate) -> Iterator[_Place]:
    yield _Place(template.location, "location", "virtualMachines", "Other")
    for index, target in enumerate(template.properties.distribute):
        path = f"properties.distribute[{index}]"
        match target:
            case SharedImageDistributor():
                place, of = ("targetRegions", ".name") if target.target_regions else ("replicationRegions", "")
                for each, region in enumerate(target.regions()):
                    yield _Place(region.name, f"{path}.{place}[{each}]{of}", "galleries/images/versions", target.code)
            case ManagedImageDistributor():
                yield _Place(target.location, f"{path}.location", "images", target.code)


def _offered(subscription: str) -> Mapping[str, Mapping[str, str]]:
    """Return the regions of each of Compute's resource types: names as in ids, each with the name for people."""
    with azure("list the regions that have machines and images"):
        provider = clients.resources(subscription).providers.get(COMPUTE)
    return {
        str(each.resource_type): {region_name(shown): shown for shown in each.locations or ()}
        for each in provider.resource_types or ()
    }


def _error(place: _Place, known: Mapping[str, str]) -> BuildError:
    meant = nearest(region_name(place.region), known, alike=ALIKE)
    hint = f"Did you mean {meant}? " if meant else ""
    return refused(
        f"Azure has no region {place.region} for {COMPUTE}/{place.type}.",
        target=place.path,
        hint=f"{hint}`az account list-locations` lists the regions.",
        code=place.code,
    )
