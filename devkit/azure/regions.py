"""The regions that the local Azure has, and how their names are written.

It owns the list (the larger public regions of Azure's own); it must not know what lies in a region.
"""

from __future__ import annotations

from devkit.azure.errors import ArmError

DISPLAY_NAMES = (
    "Australia East", "Brazil South", "Canada Central", "Central India", "Central US", "East Asia", "East US",
    "East US 2", "France Central", "Germany West Central", "Italy North", "Japan East", "Korea Central",
    "North Central US", "North Europe", "Norway East", "Poland Central", "South Africa North", "South Central US",
    "Southeast Asia", "Spain Central", "Sweden Central", "Switzerland North", "UAE North", "UK South", "UK West",
    "West Central US", "West Europe", "West US", "West US 2", "West US 3",
)  # fmt: skip
REGIONS = {name.replace(" ", "").lower(): name for name in DISPLAY_NAMES}


def normal(location: str) -> str:
    """Write a region as Azure stores it: "West Europe" is westeurope. Raises ArmError (400) for an unknown one."""
    name = location.replace(" ", "").lower()
    if name not in REGIONS:
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{location}' is not available. List of available regions: {', '.join(REGIONS)}.",
            target="location",
        )
    return name
