"""The image template as AIB's REST API defines it, as frozen models with AIB's own field names on the wire.

It owns shapes and per-field rules (source: Microsoft's `image-builder-json` reference and the 2025-10-01 API
definition); it knows nothing of builds, of Azure's clients, or of how a template is stored.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

RUN_OUTPUT_NAME = re.compile(r"^[A-Za-z0-9\-_.]{1,64}$")
GALLERY_IMAGE_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Compute"
    r"/galleries/(?P<gallery>[^/]+)/images/(?P<image>[^/]+)(?:/versions/(?P<version>[^/]+))?$",
    re.IGNORECASE,
)
VERSION = re.compile(r"^\d{1,10}\.\d{1,10}\.\d{1,10}$")


class Model(BaseModel):
    """Base of the language: camelCase on the wire, unknown and mis-cased fields refused, immutable."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True
    )


NonEmpty = Annotated[str, StringConstraints(min_length=1)]
RunOutputName = Annotated[str, StringConstraints(pattern=RUN_OUTPUT_NAME)]
GalleryImageId = Annotated[str, StringConstraints(pattern=GALLERY_IMAGE_ID)]
Checksum = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]


class PlanInfo(Model):
    """The purchase plan of a paid marketplace image; all three are needed."""

    plan_name: NonEmpty
    plan_product: NonEmpty
    plan_publisher: NonEmpty


class PlatformImageSource(Model):
    """A marketplace image. `latest` is resolved when a build starts, not when the template is submitted."""

    type: Literal["PlatformImage"]
    publisher: NonEmpty
    offer: NonEmpty
    sku: NonEmpty
    version: NonEmpty = "latest"
    plan_info: PlanInfo | None = None
    exact_version: str | None = None


class ShellCustomizer(Model):
    """A shell script on Linux: exactly one of `inline` lines or a `scriptUri`."""

    type: Literal["Shell"]
    name: str = ""
    inline: tuple[str, ...] | None = None
    script_uri: str | None = None
    sha256_checksum: Checksum = ""

    @model_validator(mode="after")
    def _exactly_one_script(self) -> ShellCustomizer:
        if bool(self.inline) == bool(self.script_uri):
            raise ValueError("expected exactly one of inline (a list of lines) and scriptUri")
        return self


class FileCustomizer(Model):
    """One file, fetched from `sourceUri` and put at `destination` in the machine."""

    type: Literal["File"]
    name: str = ""
    source_uri: NonEmpty
    sha256_checksum: Checksum = ""
    destination: NonEmpty


class TargetRegion(Model):
    """One region of a gallery image version, with its number of replicas and their storage."""

    name: NonEmpty
    replica_count: Annotated[int, Field(ge=1, le=100)] = 1
    storage_account_type: Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"] = "Standard_LRS"


class SharedImageDistributor(Model):
    """A version of a gallery image definition, in one or more regions."""

    type: Literal["SharedImage"]
    run_output_name: RunOutputName
    artifact_tags: dict[str, str] = Field(default_factory=dict)
    gallery_image_id: GalleryImageId
    target_regions: tuple[TargetRegion, ...] = ()
    replication_regions: tuple[NonEmpty, ...] = ()
    storage_account_type: Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"] | None = None
    exclude_from_latest: bool = False

    @model_validator(mode="after")
    def _one_way_to_name_regions(self) -> SharedImageDistributor:
        if self.target_regions and (self.replication_regions or self.storage_account_type):
            raise ValueError(
                "expected targetRegions alone; replicationRegions and storageAccountType are its deprecated form"
            )
        explicit = GALLERY_IMAGE_ID.match(self.gallery_image_id)
        if explicit and explicit["version"] and not VERSION.match(explicit["version"]):
            raise ValueError("expected a galleryImageId that ends in /versions/MAJOR.MINOR.PATCH or in no version")
        return self

    def regions(self) -> tuple[TargetRegion, ...]:
        """Return the asked regions in the modern form; empty means the definition's own region alone."""
        if self.target_regions:
            return self.target_regions
        kind = self.storage_account_type or "Standard_LRS"
        return tuple(TargetRegion(name=name, storage_account_type=kind) for name in self.replication_regions)


class VhdDistributor(Model):
    """A VHD in the staging storage account."""

    type: Literal["VHD"]
    run_output_name: RunOutputName
    artifact_tags: dict[str, str] = Field(default_factory=dict)


Source = PlatformImageSource
Customizer = Annotated[ShellCustomizer | FileCustomizer, Field(discriminator="type")]
Distributor = Annotated[SharedImageDistributor | VhdDistributor, Field(discriminator="type")]


class VmProfile(Model):
    """The build machine. An empty size means Kiln's default for the source's generation; 0 GB the source's disk."""

    vm_size: str = ""
    os_disk_size_gb: Annotated[int, Field(ge=0, alias="osDiskSizeGB")] = Field(default=0, alias="osDiskSizeGB")


class Identity(Model):
    """The template's identity, as AIB demands it: at most one user-assigned identity."""

    type: Literal["UserAssigned", "None"]
    user_assigned_identities: dict[str, dict[str, str]] = Field(default_factory=dict)


class TemplateProperties(Model):
    """What an image is made from, what is done to it, and where it goes."""

    source: Source
    customize: tuple[Customizer, ...] = ()
    distribute: tuple[Distributor, ...]
    vm_profile: VmProfile = VmProfile()
    build_timeout_in_minutes: Annotated[int, Field(ge=0, le=960)] = 0

    @model_validator(mode="after")
    def _targets_and_timeout(self) -> TemplateProperties:
        if not self.distribute:
            raise ValueError("expected at least one target in distribute")
        names = [target.run_output_name.lower() for target in self.distribute]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected a different runOutputName for each target; used twice: {', '.join(twice)}")
        if 0 < self.build_timeout_in_minutes < MINIMUM_TIMEOUT:
            raise ValueError(f"expected buildTimeoutInMinutes to be 0 (the default) or {MINIMUM_TIMEOUT} to 960")
        return self


MINIMUM_TIMEOUT = 6
"""Minutes; AIB refuses 1 to 5 when the build starts (Microsoft's image-builder troubleshooting page)."""


class ImageTemplate(Model):
    """The body of PUT imageTemplates/{name}. `id`, `name` and `type` are read-only and ignored when sent."""

    location: NonEmpty
    tags: dict[str, str] = Field(default_factory=dict)
    identity: Identity
    properties: TemplateProperties
