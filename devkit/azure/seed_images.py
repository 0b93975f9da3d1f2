"""The image definitions and marketplace images of a new local Azure: one for each kind of image that a build may meet.

It owns these facts; publishers, offers and SKUs are real ones, as far as a build can tell. It must not store them.
"""

from __future__ import annotations

from typing import Any

from devkit.azure.marketplace_catalog import Published

_ACCELERATED = {"IsAcceleratedNetworkSupported": "True"}
_TRUSTED = {"SecurityType": "TrustedLaunchSupported", **_ACCELERATED}
_NVME = {"DiskControllerTypes": "SCSI, NVMe", **_ACCELERATED}
_PLAN = {"publisher": "almalinux", "product": "almalinux", "name": "9-gen2"}
_ENDING = {
    "imageState": "ScheduledForDeprecation",
    "scheduledDeprecationTime": "2030-05-31T00:00:00+00:00",
    "alternativeOption": {"type": "Offer", "value": "ubuntu-24_04-lts"},
}


def _sku(urn: tuple[str, str, str], *versions: str, os_type: str = "Linux", **facts: Any) -> list[Published]:
    return [Published(*urn, version, os_type, **facts) for version in versions]


_DEBIAN = ("0.20250316.2053", "0.20250703.2162", "0.20250911.2232")
MARKETPLACE = (
    *_sku(("Debian", "debian-12", "12-gen2"), *_DEBIAN),
    *_sku(("Debian", "debian-12", "12"), *_DEBIAN, generation="V1"),
    *_sku(("Debian", "debian-12", "12-arm64"), *_DEBIAN, architecture="Arm64"),
    *_sku(
        ("Canonical", "ubuntu-24_04-lts", "server"),
        *("24.04.202506060", "24.04.202508230", "24.04.202510010"),
        features=_NVME,
    ),
    *_sku(
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"),
        *("22.04.202506200", "22.04.202509030"),
        features=_TRUSTED,
    ),
    *_sku(
        ("Canonical", "0001-com-ubuntu-server-focal", "20_04-lts-gen2"),
        *("20.04.202504230", "20.04.202505200"),
        deprecation=_ENDING,
    ),
    *_sku(("almalinux", "almalinux", "9-gen2"), "9.4.2024050902", "9.6.2025052201", plan=_PLAN),
    *_sku(
        ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2"),
        *("20348.3807.250607", "20348.4052.250808", "20348.4294.251009"),
        os_type="Windows",
        size_gb=127,
    ),
)


def _definition(os_type: str = "Linux", **other: Any) -> dict[str, Any]:
    base = {"osType": os_type, "osState": "Generalized", "hyperVGeneration": "V2", "architecture": "x64"}
    return {**base, **other}


DEFINITIONS = {
    "hello": _definition(),
    "base": _definition(),
    "app": _definition(),
    "win": _definition("Windows"),
    "gen1": _definition(hyperVGeneration="V1"),
    "arm": _definition(architecture="Arm64"),
    "trusted": _definition(features=[{"name": "SecurityType", "value": "TrustedLaunchSupported"}]),
    "planned": _definition(purchasePlan=_PLAN),
}
