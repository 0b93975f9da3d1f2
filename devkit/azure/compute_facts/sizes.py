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
    controllers: tuple[str, ...] = ("SCSI",)
    """The disk controllers that machines of the size have; those of v6 have NVMe alone."""
    confidential: str | None = None
    regions: tuple[str, ...] = tuple(REGIONS)
    restricted: bool = False
    """Whether this subscription may use it nowhere, as a new subscription may not use large sizes."""


@dataclass(frozen=True)
class Series:
    """Sizes of one series, which differ in their vCPUs alone: `name` has `{n}` for these; the rest is for each vCPU."""

    name: str
    family: str
    vcpus: tuple[int, ...]
    memory: float
    temporary: float = 0
    generations: tuple[str, ...] = BOTH
    architecture: str = "x64"
    premium: bool = True
    controllers: tuple[str, ...] = ("SCSI",)

    def sizes(self) -> tuple[Size, ...]:
        """Return the sizes of the series."""
        return tuple(
            Size(
                name=self.name.format(n=vcpus),
                family=self.family,
                vcpus=vcpus,
                memory=vcpus * self.memory,
                temporary=int(vcpus * self.temporary),
                data_disks=min(2 * vcpus, 32),
                generations=self.generations,
                architecture=self.architecture,
                premium=self.premium,
                controllers=self.controllers,
            )
            for vcpus in self.vcpus
        )


_TO_64, _TO_96 = (2, 4, 8, 16, 32, 48, 64), (2, 4, 8, 16, 32, 48, 64, 96)
_NVME = ("NVMe",)
_SERIES = (
    Series("Standard_A{n}_v2", "standardAv2Family", (1, 2, 4, 8), 2, 10, FIRST, premium=False),
    Series("Standard_B{n}s_v2", "standardBsv2Family", (2, 4, 8, 16, 32), 4),
    Series("Standard_B{n}as_v2", "standardBasv2Family", (2, 4, 8, 16, 32), 4),
    Series("Standard_D{n}_v3", "standardDv3Family", _TO_64, 4, 25, FIRST, premium=False),
    Series("Standard_D{n}s_v3", "standardDSv3Family", _TO_64, 4, 8),
    Series("Standard_D{n}s_v4", "standardDSv4Family", _TO_64, 4),
    Series("Standard_D{n}ds_v4", "standardDDSv4Family", _TO_64, 4, 37.5),
    Series("Standard_D{n}as_v4", "standardDASv4Family", _TO_96, 4, 8),
    Series("Standard_D{n}_v5", "standardDv5Family", _TO_96, 4, premium=False),
    Series("Standard_D{n}s_v5", "standardDSv5Family", _TO_96, 4),
    Series("Standard_D{n}ds_v5", "standardDDSv5Family", _TO_96, 4, 37.5),
    Series("Standard_D{n}as_v5", "standardDASv5Family", _TO_96, 4),
    Series("Standard_D{n}ads_v5", "standardDADSv5Family", _TO_96, 4, 37.5),
    Series("Standard_D{n}ps_v5", "standardDPSv5Family", _TO_64, 4, 0, SECOND, "Arm64"),
    Series("Standard_D{n}pds_v5", "standardDPDSv5Family", _TO_64, 4, 37.5, SECOND, "Arm64"),
    Series("Standard_D{n}s_v6", "standardDSv6Family", _TO_96, 4, 0, SECOND, controllers=_NVME),
    Series("Standard_D{n}ds_v6", "standardDDSv6Family", _TO_96, 4, 55, SECOND, controllers=_NVME),
    Series("Standard_E{n}s_v3", "standardESv3Family", _TO_64, 8, 16),
    Series("Standard_E{n}ds_v4", "standardEDSv4Family", _TO_64, 8, 37.5),
    Series("Standard_E{n}s_v5", "standardESv5Family", _TO_96, 8),
    Series("Standard_E{n}ds_v5", "standardEDSv5Family", _TO_96, 8, 37.5),
    Series("Standard_E{n}bs_v5", "standardEBSv5Family", _TO_64, 8, controllers=("SCSI", "NVMe")),
    Series("Standard_F{n}s_v2", "standardFSv2Family", (*_TO_64, 72), 2, 8),
)
SIZES = (
    *(size for series in _SERIES for size in series.sizes()),
    Size("Standard_B1s", "standardBSFamily", 1, 1, 4, 2),
    Size("Standard_B1ms", "standardBSFamily", 1, 2, 4, 2),
    Size("Standard_B2s", "standardBSFamily", 2, 4, 8, 4),
    Size("Standard_B2ms", "standardBSFamily", 2, 8, 16, 4),
    Size("Standard_B4ms", "standardBSFamily", 4, 16, 32, 8),
    Size("Standard_B8ms", "standardBSFamily", 8, 32, 64, 16),
    Size("Standard_D1_v2", "standardDv2Family", 1, 3.5, 50, 4, FIRST, premium=False),
    Size("Standard_D2_v2", "standardDv2Family", 2, 7, 100, 8, FIRST, premium=False),
    Size("Standard_D3_v2", "standardDv2Family", 4, 14, 200, 16, FIRST, premium=False),
    Size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 7, 4),
    Size("Standard_DS2_v2", "standardDSv2Family", 2, 7, 14, 8),
    Size("Standard_DS3_v2", "standardDSv2Family", 4, 14, 28, 16),
    Size("Standard_DC2as_v5", "standardDCASv5Family", 2, 8, 0, 4, SECOND, confidential="SNP", regions=_CONFIDENTIAL_IN),
    Size("Standard_NC24ads_A100_v4", "standardNCADSA100v4Family", 24, 220, 64, 8, SECOND, restricted=True),
    Size("Standard_NV6ads_A10_v5", "StandardNVADSA10v5Family", 6, 55, 180, 4),
)
_BY_NAME = {size.name.lower(): size for size in SIZES}


def find(name: str) -> Size | None:
    """Find a size by its name, in any case."""
    return _BY_NAME.get(name.lower())


def in_region(region: str) -> list[Size]:
    """List the sizes that a region has, restricted ones among them."""
    return [size for size in SIZES if region in size.regions]
