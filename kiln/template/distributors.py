"""Where an image goes: gallery versions, managed images and VHDs, in AIB's shapes.

It owns the per-target rules; whether a target exists and fits is for whoever asks Azure.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kiln.template.base import ArmId, Model, NonEmpty, RunOutputName, Since, broken

VERSION = re.compile(r"\d{1,10}\.\d{1,10}\.\d{1,10}")
StorageAccountType = Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"]
GalleryImageId = Annotated[
    str,
    ArmId(
        ("Microsoft.Compute/galleries/images", "Microsoft.Compute/galleries/images/versions"),
        "BadSharedImageDistribute",
    ),
]


class TargetRegion(Model):
    """One region of a gallery image version, with its number of replicas and their storage."""

    name: NonEmpty
    replica_count: Annotated[int, Field(ge=1, le=100)] = 1
    storage_account_type: StorageAccountType = "Standard_LRS"


class LatestVersioning(Model):
    """The highest version under `major` (-1: under any) with its patch raised by one."""

    scheme: Literal["Latest"]
    major: Annotated[int, Field(ge=-1)] = -1


class SourceVersioning(Model):
    """The source image's own version number."""

    scheme: Literal["Source"]


Versioning = Annotated[LatestVersioning | SourceVersioning, Field(discriminator="scheme")]


class _Distributor(Model):
    run_output_name: RunOutputName
    artifact_tags: dict[str, str] = Field(default_factory=dict)


class SharedImageDistributor(_Distributor):
    """A version of a gallery image definition, in one or more regions."""

    type: Literal["SharedImage"]
    gallery_image_id: GalleryImageId
    target_regions: Annotated[tuple[TargetRegion, ...], Since("2022-07-01")] = ()
    replication_regions: tuple[NonEmpty, ...] = ()
    storage_account_type: StorageAccountType | None = None
    exclude_from_latest: bool = False
    versioning: Annotated[Versioning | None, Since("2022-07-01")] = None
    replication_mode: Annotated[Literal["Full", "Shallow"], Since("2025-10-01")] = "Full"

    @model_validator(mode="after")
    def _rules(self) -> SharedImageDistributor:
        if self.target_regions and (self.replication_regions or self.storage_account_type):
            raise broken(
                "BadSharedImageDistribute",
                "expected targetRegions alone; replicationRegions and storageAccountType are its deprecated form",
            )
        if self.version is not None and not VERSION.fullmatch(self.version):
            raise broken(
                "BadSharedImageDistribute",
                "expected a galleryImageId that ends in /versions/MAJOR.MINOR.PATCH or in no version",
            )
        if self.version is not None and self.versioning is not None:
            raise broken(
                "BadSharedImageDistribute", "expected either a version in galleryImageId or versioning, not both"
            )
        return self

    @property
    def definition_id(self) -> str:
        """The image definition's id, without a version."""
        return re.split("/versions/", self.gallery_image_id, maxsplit=1, flags=re.IGNORECASE)[0]

    @property
    def version(self) -> str | None:
        """The version that the template names, or None for an automatic one."""
        parts = re.split("/versions/", self.gallery_image_id, maxsplit=1, flags=re.IGNORECASE)
        return parts[1] if len(parts) > 1 else None

    def regions(self) -> tuple[TargetRegion, ...]:
        """Return the asked regions in the modern form; empty means the definition's own region alone."""
        if self.target_regions:
            return self.target_regions
        kind = self.storage_account_type or "Standard_LRS"
        return tuple(TargetRegion(name=name, storage_account_type=kind) for name in self.replication_regions)


class ManagedImageDistributor(_Distributor):
    """A managed image, in any region."""

    type: Literal["ManagedImage"]
    image_id: Annotated[str, ArmId(("Microsoft.Compute/images",))]
    location: NonEmpty


class VhdDistributor(_Distributor):
    """A VHD: in the staging storage account, or at `uri`, the URL of a blob or of a container."""

    type: Literal["VHD"]
    uri: Annotated[str, Since("2022-07-01")] = ""


Distributor = Annotated[SharedImageDistributor | ManagedImageDistributor | VhdDistributor, Field(discriminator="type")]
