"""Facts about Azure that a plan is made of: one activity gathers them, and from then on they are only data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

OperatingSystem = Literal["Linux", "Windows"]
Generation = Literal["V1", "V2"]
Architecture = Literal["x64", "Arm64"]
SecurityType = Literal[
    "Standard",
    "TrustedLaunchSupported",
    "TrustedLaunch",
    "TrustedLaunchAndConfidentialVmSupported",
    "ConfidentialVmSupported",
    "ConfidentialVM",
]
"""Values of an image definition's feature `SecurityType`; an image without the feature is Standard."""


DISK_CONTROLLERS = "DiskControllerTypes"
"""The name of the feature of images, and of the capability of sizes, that lists disk controllers: `SCSI, NVMe`."""


class Spec(BaseModel):
    """Base of facts and of a plan's parts: frozen, without unknown fields; stored in histories, so without secrets."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageReference(Spec):
    """The image that a machine is made from, as Azure's `imageReference`: an `id`, or a marketplace image's parts."""

    id: str | None = None
    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str | None = None


def disk_controllers(feature: str | None) -> tuple[str, ...]:
    """Return the disk controllers in the feature or capability `DiskControllerTypes`; without it, it is SCSI alone."""
    return tuple(part.strip() for part in feature.split(",")) if feature else ("SCSI",)


class PurchasePlan(Spec):
    """The purchase plan that comes with a paid image."""

    name: str
    product: str
    publisher: str


class SourceFacts(Spec):
    """The source image as it is when the build starts.

    `version` is the exact version that is built from (empty for a managed image, which has none); `data_disk_luns` are
    those of the source's own data disks, `controllers` the disk controllers that it can boot with.
    """

    reference: ImageReference
    version: str
    os: OperatingSystem
    generation: Generation
    architecture: Architecture = "x64"
    security: SecurityType = "Standard"
    plan: PurchasePlan | None = None
    disk_size_gb: int | None = None
    controllers: tuple[str, ...] = ("SCSI",)
    data_disk_luns: tuple[int, ...] = ()


class DefinitionFacts(Spec):
    """A gallery image definition: its region, and the images that it takes."""

    location: str
    os: OperatingSystem = "Linux"
    generation: Generation = "V2"
    architecture: Architecture = "x64"
    security: SecurityType = "Standard"
    os_state: Literal["Generalized", "Specialized"] = "Generalized"


class SizeFacts(Spec):
    """A machine size in a region: its family, its processors, and the machines that it can be.

    `restricted` is the reason if the subscription may not use it, else None. `quota` is the limit of processors of its
    family in the region, or None if Azure lists none; `data_disks` is the most that it takes.
    """

    name: str
    family: str
    cores: int
    restricted: str | None = None
    quota: int | None = None
    generations: tuple[str, ...] = ("V1", "V2")
    architecture: str = "x64"
    controllers: tuple[str, ...] = ("SCSI",)
    data_disks: int | None = None


class Facts(Spec):
    """All facts of a plan: the source, the targets' definitions by id, and the templates that led to the source.

    `lineage` names these templates, if a new source image started the run (kiln.runs.lineage).
    """

    source: SourceFacts
    definitions: dict[str, DefinitionFacts] = Field(default_factory=dict)
    lineage: tuple[str, ...] = ()
