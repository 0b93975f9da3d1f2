"""Distributors, in AIB's shapes: they make gallery versions, managed images and VHDs.

It owns the rules of each target; whether a target exists and fits is checked in Azure, elsewhere.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from kiln.template.base import (
    GALLERY_VERSION,
    VERSIONS,
    ArmId,
    Flag,
    Form,
    Int32,
    Model,
    RegionName,
    RequiredBefore,
    RunOutputName,
    Since,
    Tags,
    Url,
    broken,
)
from kiln.template.collisions import collisions
from kiln.template.rules import Rule
from kiln.template.tags import ArtifactTags, VhdTags

BAD_TARGET = "BadSharedImageDistribute"
StorageAccountType = Annotated[
    Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"], Since("2022-07-01", value="Premium_LRS")
]
GalleryImageId = Annotated[
    str,
    ArmId(("Microsoft.Compute/galleries/images", "Microsoft.Compute/galleries/images/versions"), BAD_TARGET),
    Form(
        rf"(?!.*/{VERSIONS}/).*|.*/{VERSIONS}/{GALLERY_VERSION}",
        "an id that ends in /versions/MAJOR.MINOR.PATCH, whole numbers up to 2147483647, or has no version",
        BAD_TARGET,
        at_once=True,
    ),
]


class TargetRegion(Model):
    """A region of a gallery version, with its number of replicas and their storage."""

    name: RegionName
    replica_count: Annotated[Int32, Field(ge=1, le=100)] = 1
    storage_account_type: StorageAccountType = "Standard_LRS"


class LatestVersioning(Model):
    """Versioning by the highest version of `major` (-1: of any), with its patch raised by one."""

    section = "versioning"

    scheme: Literal["Latest"]
    major: Annotated[Int32, Field(ge=-1)] = -1


class SourceVersioning(Model):
    """Versioning by the source image's own version number."""

    section = "versioning"

    scheme: Literal["Source"]


Versioning = Annotated[LatestVersioning | SourceVersioning, Field(discriminator="scheme"), Tags(BAD_TARGET, BAD_TARGET)]


class _Distributor(Model):
    run_output_name: RunOutputName
    artifact_tags: ArtifactTags = Field(default_factory=dict)


class SharedImageDistributor(_Distributor):
    """A distributor that makes a version of an image definition in a gallery, in one or more regions."""

    code = BAD_TARGET
    section = "distribute-sharedimage"

    type: Literal["SharedImage"]
    gallery_image_id: GalleryImageId
    target_regions: Annotated[tuple[TargetRegion, ...], Since("2022-07-01")] = ()
    replication_regions: Annotated[tuple[RegionName, ...], RequiredBefore("2022-07-01")] = ()
    storage_account_type: StorageAccountType | None = None
    exclude_from_latest: Flag = False
    versioning: Annotated[Versioning | None, Since("2022-07-01")] = None
    replication_mode: Annotated[Literal["Full", "Shallow"], Since("2025-10-01")] = "Full"

    @field_validator("replication_regions", "storage_account_type")
    @classmethod
    def _not_both_forms(cls, value: object, info: ValidationInfo) -> object:
        if value and info.data.get("target_regions"):
            raise broken(
                BAD_TARGET,
                "expected targetRegions alone; replicationRegions and storageAccountType are its deprecated form",
            )
        return value

    @field_validator("versioning")
    @classmethod
    def _one_version(cls, versioning: Versioning | None, info: ValidationInfo) -> Versioning | None:
        if versioning is not None and "/versions/" in info.data.get("gallery_image_id", "").lower():
            raise broken(BAD_TARGET, "expected either a version in galleryImageId or versioning, not both")
        return versioning

    @property
    def definition_id(self) -> str:
        """The image definition's id, without a version."""
        return re.split("/versions/", self.gallery_image_id, maxsplit=1, flags=re.IGNORECASE)[0]

    @property
    def version(self) -> str | None:
        """The version that the template names, or None if the version is numbered automatically."""
        parts = re.split("/versions/", self.gallery_image_id, maxsplit=1, flags=re.IGNORECASE)
        return parts[1] if len(parts) > 1 else None

    def regions(self) -> tuple[TargetRegion, ...]:
        """Return the regions in the form of `targetRegions`; none means the definition's own region."""
        if self.target_regions:
            return self.target_regions
        kind = self.storage_account_type or "Standard_LRS"
        return tuple(TargetRegion(name=name, storage_account_type=kind) for name in self.replication_regions)


class ManagedImageDistributor(_Distributor):
    """A distributor that makes a managed image, in any region."""

    section = "distribute-managedimage"

    type: Literal["ManagedImage"]
    image_id: Annotated[str, ArmId(("Microsoft.Compute/images",))]
    location: RegionName


class VhdDistributor(_Distributor):
    """A distributor that makes a VHD, in the staging storage or at `uri`, the URL of a blob or of a container."""

    section = "distribute-vhd"

    type: Literal["VHD"]
    artifact_tags: VhdTags = Field(default_factory=dict)
    uri: Annotated[str, Url(("https", "http"), written=True), Since("2022-07-01")] = ""


Distributor = Annotated[
    SharedImageDistributor | ManagedImageDistributor | VhdDistributor,
    Field(discriminator="type"),
    Tags("BadDistributeType", "BadDistributeType"),
]
Targets = Annotated[tuple[Distributor, ...], Rule(collisions)]
