"""Virtual machine sizes: a small part of Azure's own table.

It owns these facts (learn.microsoft.com, "Sizes for virtual machines in Azure", a page for each series); it must not
know how an API shows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from devkit.azure.regions import REGIONS

BOTH, FIRST, SECOND = ("V1", "V2"), ("V1",), ("V2",)
_CONFIDENTIAL_IN = ("eastus", "westus", "westeurope", "northeurope", "southeastasia")


@dataclass(frozen=True)
class Size:
    """One size: vCPUs, memory in GB, temporary disk in GB, data disks at most, and what can run on it."""

    name: str
    family: str
    vcpus: int
    memory: float
    temporary: int
    data_disks: int
    generations: tuple[str, ...] = BOTH
    architecture: str = "x64"
    premium: bool = True
    confidential: str | None = None
    regions: tuple[str, ...] = tuple(REGIONS)
    restricted: bool = False
    """Whether this subscription may use it nowhere, as a new subscription may not use large sizes."""


SIZES = (
    Size("Standard_B2s", "standardBSFamily", 2, 4, 8, 4),
    Size("Standard_B2ms", "standardBSFamily", 2, 8, 16, 4),
    Size("Standard_D1_v2", "standardDv2Family", 1, 3.5, 50, 4, FIRST, premium=False),
    Size("Standard_D2_v2", "standardDv2Family", 2, 7, 100, 8, FIRST, premium=False),
    Size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 7, 4),
    Size("Standard_DS2_v2", "standardDSv2Family", 2, 7, 14, 8),
    Size("Standard_D2s_v3", "standardDSv3Family", 2, 8, 16, 4),
    Size("Standard_D4s_v3", "standardDSv3Family", 4, 16, 32, 8),
    Size("Standard_D2ds_v4", "standardDDSv4Family", 2, 8, 75, 4),
    Size("Standard_D4ds_v4", "standardDDSv4Family", 4, 16, 150, 8),
    Size("Standard_D2s_v5", "standardDSv5Family", 2, 8, 0, 4),
    Size("Standard_D4s_v5", "standardDSv5Family", 4, 16, 0, 8),
    Size("Standard_D8s_v5", "standardDSv5Family", 8, 32, 0, 16),
    Size("Standard_D2ds_v5", "standardDDSv5Family", 2, 8, 75, 4),
    Size("Standard_D4ds_v5", "standardDDSv5Family", 4, 16, 150, 8),
    Size("Standard_D2ps_v5", "standardDPSv5Family", 2, 8, 0, 4, SECOND, "Arm64"),
    Size("Standard_D4ps_v5", "standardDPSv5Family", 4, 16, 0, 8, SECOND, "Arm64"),
    Size("Standard_D2pds_v5", "standardDPDSv5Family", 2, 8, 75, 4, SECOND, "Arm64"),
    Size("Standard_E2s_v5", "standardESv5Family", 2, 16, 0, 4),
    Size("Standard_F2s_v2", "standardFSv2Family", 2, 4, 16, 4),
    Size("Standard_F4s_v2", "standardFSv2Family", 4, 8, 32, 8),
    Size("Standard_DC2as_v5", "standardDCASv5Family", 2, 8, 0, 4, SECOND, confidential="SNP", regions=_CONFIDENTIAL_IN),
    Size("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24, 220, 64, 8, SECOND, restricted=True),
)


def find(name: str) -> Size | None:
    """Find a size by its name, in any case."""
    return next((size for size in SIZES if size.name.lower() == name.lower()), None)


def in_region(region: str) -> list[Size]:
    """List the sizes that a region has, restricted ones among them."""
    return [size for size in SIZES if region in size.regions]
