"""Sources of images, in AIB's shapes: a marketplace image, a managed image, or a gallery version.

Whether the source exists, and what it is like, is checked in Azure, elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiln.template.base import GALLERY_VERSION, VERSIONS, ArmId, Form, Model, NonEmpty, PathPart, Since, Tags


class PlanInfo(Model):
    """The purchase plan of a paid marketplace image; all three properties are required."""

    section = "support-for-market-place-plan-information"

    plan_name: NonEmpty
    plan_product: NonEmpty
    plan_publisher: NonEmpty


class PlatformImageSource(Model):
    """A marketplace image as source. `latest` is resolved when a build starts, not when the template is submitted."""

    code = "BadPIRSource"
    section = "platformimage-source"
    read_only = frozenset({"exactVersion"})

    type: Literal["PlatformImage"]
    publisher: PathPart
    offer: PathPart
    sku: PathPart
    version: PathPart = "latest"
    plan_info: PlanInfo | None = None


class ManagedImageSource(Model):
    """A generalized managed image as source, in the template's subscription and region."""

    code = "BadManagedImageSource"
    section = "managedimage-source"

    type: Literal["ManagedImage"]
    image_id: Annotated[str, ArmId(("Microsoft.Compute/images",), "BadManagedImageSource")]


LATEST = "".join(f"[{letter}{letter.upper()}]" for letter in "latest")
GalleryVersionId = Annotated[
    str,
    ArmId(("Microsoft.Compute/galleries/images/versions",), "BadSharedImageVersionSource"),
    Form(
        rf"(?!.*/{VERSIONS}/).*|.*/{VERSIONS}/({LATEST}|{GALLERY_VERSION})",
        "an id that ends in /versions/MAJOR.MINOR.PATCH, whole numbers up to 2147483647, or in /versions/latest",
        "BadSharedImageVersionSource",
        at_once=True,
    ),
    Since("2022-07-01", value=".*/versions/latest"),
]


class SharedImageSource(Model):
    """A gallery version as source; `.../versions/latest` (since 2022-07-01) is resolved when a build starts."""

    code = "BadSharedImageVersionSource"
    section = "sharedimageversion-source"
    read_only = frozenset({"exactVersion"})

    type: Literal["SharedImageVersion"]
    image_version_id: GalleryVersionId

    @property
    def definition_id(self) -> str:
        """The image definition's id."""
        return self.image_version_id.rsplit("/", 2)[0]

    @property
    def version(self) -> str:
        """The version that the template names, or `latest`."""
        return self.image_version_id.rsplit("/", 1)[1]


Source = Annotated[
    PlatformImageSource | ManagedImageSource | SharedImageSource,
    Field(discriminator="type"),
    Tags("BadSourceType", "BadSourceType"),
]
