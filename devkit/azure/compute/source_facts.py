"""Facts of captures' sources, in one form for all: machines, disks, snapshots, managed images and gallery versions.

It owns reading these facts from each kind's own record; it must not change or copy anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.azure import ids
from devkit.azure.gallery_facts.features import security_type

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

MACHINE = "microsoft.compute/virtualmachines"
DISK = "microsoft.compute/disks"
SNAPSHOT = "microsoft.compute/snapshots"
VERSION = "microsoft.compute/galleries/images/versions"


@dataclass(frozen=True)
class SourceFacts:
    """Facts of a source. `os_type` and `generation` are None for a data disk, `generalized` where nobody says."""

    os_type: str | None
    generation: str | None
    architecture: str
    security: str
    generalized: bool | None
    plan: dict[str, str] | None


def describe(cloud: Cloud, source: Resource) -> SourceFacts:
    """Describe a source of any kind."""
    kind, kept, properties = source.type.lower(), source.private, source.properties
    if kind == MACHINE:
        return SourceFacts(
            os_type=properties["storageProfile"]["osDisk"]["osType"],
            generation=kept["generation"],
            architecture=kept["architecture"],
            security=kept["security"],
            generalized=bool(kept.get("generalized")),
            plan=kept["plan"],
        )
    if kind in {DISK, SNAPSHOT}:
        return SourceFacts(
            os_type=properties.get("osType"),
            generation=properties.get("hyperVGeneration"),
            architecture=properties.get("supportedCapabilities", {}).get("architecture", "x64"),
            security=properties.get("securityProfile", {}).get("securityType", "Standard"),
            generalized=None,
            plan=properties.get("purchasePlan"),
        )
    security = security_type(cloud.store.get(ids.parent(source.id))) if kind == VERSION else "Standard"
    return SourceFacts(
        kept["os_type"], kept["generation"], kept["architecture"], security, kept["generalized"], kept["plan"]
    )
