"""A build's plan as data: what the orchestrator walks, and what `kiln plan` prints.

It owns shapes only; make_plan.py fills them. It is stored in histories, so it holds no secret.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiln.ids import RunRef


class Spec(BaseModel):
    """Base of the plan's parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupSpec(Spec):
    """The template's staging resource group; it lives as long as the template."""

    subscription: str
    name: str
    location: str
    tags: dict[str, str]


class NetworkSpec(Spec):
    """The network of build machines: outbound only, nothing comes in."""

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    security_group: str
    network: str
    subnet: str
    address_prefix: str = "10.0.0.0/24"


class StorageSpec(Spec):
    """The staging storage account: artifacts, logs and VHDs."""

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    account: str
    log_blob: str
    """Where customization.log is, within the container `packerlogs`."""


class ArtifactSpec(Spec):
    """A script or file that a template names by URL, and the blob (in `artifacts`) that it is taken into."""

    url: str
    sha256: str = ""
    blob: str
    property_path: str
    """Which property of the template named it, for error messages."""


class SourceImage(Spec):
    """The marketplace image, with the exact version that `latest` meant."""

    publisher: str
    offer: str
    sku: str
    version: str
    plan_name: str | None = None
    plan_product: str | None = None
    plan_publisher: str | None = None


class MachineSpec(Spec):
    """The build machine, its network interface and its disk; they live as long as the run."""

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    name: str
    interface: str
    disk: str
    size: str
    disk_size_gb: int | None
    source: SourceImage
    security_group: str
    network: str
    subnet: str
    ssh_public_key: str
    timeout_minutes: int


class StepSpec(Spec):
    """One script to be run in the machine by managed Run Command.

    `command` names the runCommands resource; `script` is complete but for `$KILN_ARTIFACT_URL`, which is handed over
    as a protected parameter when the step starts, so that no signed URL is ever in a plan.
    """

    index: int
    name: str
    kind: Literal["Shell", "File", "Generalize"]
    property_path: str
    command: str
    script: str
    artifact: str | None = None
    output_blob: str
    timeout_minutes: int


class RegionSpec(Spec):
    """A region of a gallery image version."""

    name: str
    replicas: int
    storage_account_type: str


class GalleryTarget(Spec):
    """A gallery image version to be made."""

    kind: Literal["SharedImage"] = "SharedImage"
    run_output_name: str
    image_id: str
    version: str
    location: str
    """The image definition's own region, where the version is published first."""
    regions: tuple[RegionSpec, ...]
    exclude_from_latest: bool
    tags: dict[str, str]

    @property
    def version_id(self) -> str:
        """The version's ARM id."""
        return f"{self.image_id}/versions/{self.version}"


class VhdTarget(Spec):
    """A VHD to be put into the staging storage, within the container `vhds`."""

    kind: Literal["VHD"] = "VHD"
    run_output_name: str
    blob: str
    tags: dict[str, str]


Target = Annotated[GalleryTarget | VhdTarget, Field(discriminator="kind")]


class Plan(Spec):
    """All that a build will do. `timeout_minutes` covers every phase but clean-up."""

    run: RunRef
    group: GroupSpec
    network: NetworkSpec
    storage: StorageSpec
    artifacts: tuple[ArtifactSpec, ...]
    machine: MachineSpec
    steps: tuple[StepSpec, ...]
    generalize: StepSpec
    targets: tuple[Target, ...]
    timeout_minutes: int
