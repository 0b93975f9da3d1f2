"""The marketplace's catalogue: publishers, offers, SKUs and versions, as records that can be added to.

It owns the catalogue and its order; it must not know routes or virtual machines.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from devkit.azure.errors import ArmError, invalid
from devkit.azure.shapes import INT, STR, Many, Must, OneOf, Shape

if TYPE_CHECKING:
    from devkit.azure.store import Store

MARKETPLACE_VERSION: Shape = {
    "publisher": Must(STR),
    "offer": Must(STR),
    "sku": Must(STR),
    "version": Must(STR),
    "osType": OneOf(("Linux", "Windows")),
    "hyperVGeneration": OneOf(("V1", "V2")),
    "architecture": OneOf(("x64", "Arm64")),
    "sizeInGb": INT,
    "plan": {"publisher": Must(STR), "name": Must(STR), "product": Must(STR)},
    "features": Many({"name": Must(STR), "value": Must(STR)}),
    "dataDiskImages": Many({"lun": Must(INT)}),
    "deprecation": {
        "imageState": Must(OneOf(("Active", "ScheduledForDeprecation", "Deprecated"))),
        "scheduledDeprecationTime": STR,
        "alternativeOption": {"type": OneOf(("None", "Offer", "Plan")), "value": STR},
    },
}
DATA_DISK_GB = 32
"""Size in GB of a marketplace image's data disks, which are empty here: the catalogue knows their LUNs alone."""


@dataclass(frozen=True)
class Published:
    """One version of a marketplace image with the facts that a client can ask for."""

    publisher: str
    offer: str
    sku: str
    version: str
    os_type: str
    generation: str = "V2"
    architecture: str = "x64"
    size_gb: int = 30
    plan: dict[str, str] | None = None
    deprecation: dict[str, Any] = field(default_factory=lambda: {"imageState": "Active"})
    features: dict[str, str] = field(default_factory=lambda: {"IsAcceleratedNetworkSupported": "True"})
    data_luns: list[int] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key that the version is found by, whatever case its names have."""
        return f"{self.publisher}/{self.offer}/{self.sku}/{self.version}".lower()


def order(version: str) -> tuple[int, ...]:
    """Return the sort key of a version: its numbers, not its letters. Raises ArmError (400)."""
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError as error:
        raise invalid(f"'{version}' is not a version: numbers with dots.", "version") from error


def published(store: Store) -> list[Published]:
    """List the whole catalogue."""
    return [Published(**body) for _, body in store.records("marketplace")]


def add(store: Store, image: Published) -> None:
    """Put a version into the catalogue."""
    order(image.version)
    store.record("marketplace", image.key, asdict(image))


def versions(store: Store, publisher: str, offer: str, sku: str) -> list[Published]:
    """List a SKU's versions, oldest first."""
    prefix = f"{publisher}/{offer}/{sku}/".lower()
    return sorted((i for i in published(store) if i.key.startswith(prefix)), key=lambda i: order(i.version))


def resolve(store: Store, publisher: str, offer: str, sku: str, version: str) -> Published:
    """Find a version, or the newest that is not deprecated for "latest".

    Raises ArmError (404): PlatformImageNotFound, or ImageVersionDeprecated (learn.microsoft.com, "Deprecated Azure
    Marketplace images").
    """
    known = versions(store, publisher, offer, sku)
    if version.lower() != "latest":
        known = [image for image in known if image.version == version]
    found = [image for image in known if image.deprecation["imageState"] != "Deprecated"]
    if known and not found:
        message = (
            f"VM Image from publisher: {publisher} with - Offer: {offer}, Sku: {sku}, Version: {known[-1].version} is "
            "deprecated."
        )
        raise ArmError(404, "ImageVersionDeprecated", message, target="imageReference")
    if not found:
        raise ArmError(
            404,
            "PlatformImageNotFound",
            f"The platform image '{publisher}:{offer}:{sku}:{version}' is not available. Verify that all fields in the "
            "storage profile are correct.",
            target="imageReference",
        )
    return found[-1]


def publish(store: Store, facts: dict[str, Any]) -> Published:
    """Add a version; facts that are not given come from the SKU's newest version. Raises ArmError (400)."""
    known = versions(store, facts["publisher"], facts["offer"], facts["sku"])
    if not known and "osType" not in facts:
        raise invalid("A new SKU needs osType.", "osType")
    base = known[-1] if known else Published("", "", "", "", "")
    image = Published(
        facts["publisher"],
        facts["offer"],
        facts["sku"],
        facts["version"],
        facts.get("osType", base.os_type),
        facts.get("hyperVGeneration", base.generation),
        facts.get("architecture", base.architecture),
        facts.get("sizeInGb", base.size_gb),
        facts.get("plan", base.plan),
        facts.get("deprecation", {"imageState": "Active"}),
        {feature["name"]: feature["value"] for feature in facts["features"]} if "features" in facts else base.features,
        [disk["lun"] for disk in facts["dataDiskImages"]] if "dataDiskImages" in facts else base.data_luns,
    )
    add(store, image)
    return image
