"""The targets in a plan, and the origin that their images are made from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiln.planner.facts import Generation, OperatingSystem, Spec


class OriginDataDisk(Spec):
    """A data disk of the build machine, by its ARM id."""

    lun: int
    disk: str


class OriginSpec(Spec):
    """The origin that images are made from: the generalized build machine, or a gallery version of an earlier run.

    All are ARM ids. VHDs are copied from `disk`, which is made from `version` first, if there is one. `data_disks` are
    the machine's, for images in other regions, whose parts are copied one by one.
    """

    machine: str | None = None
    version: str | None = None
    disk: str
    data_disks: tuple[OriginDataDisk, ...] = ()
    location: str
    tags: dict[str, str]


class RegionSpec(Spec):
    """A region of a gallery image version."""

    name: str
    replicas: int
    storage_account_type: str


NEXT = "next"
"""A placeholder for a version that is chosen once there is an image, as with Image Builder."""


class GalleryTarget(Spec):
    """A gallery version to be made, or one that an earlier run made and that lacks regions.

    `mark` is the value of the version's tag kilnMark; another version with the same name would have another one.
    """

    kind: Literal["SharedImage"]
    run_output_name: str
    image_id: str
    version: str
    """Three numbers, or `next`: the highest under `major` (None: under any) with its patch raised by one."""
    major: int | None = None
    location: str
    """The region of the origin: the version is published there first, wherever the image definition is."""
    regions: tuple[RegionSpec, ...]
    exclude_from_latest: bool
    replication_mode: Literal["Full", "Shallow"] = "Full"
    tags: dict[str, str]
    mark: str

    @property
    def is_next(self) -> bool:
        """Whether the version has still to be chosen."""
        return self.version == NEXT

    @property
    def version_id(self) -> str:
        """The version's ARM id, which is a real one only after the version is chosen."""
        return f"{self.image_id}/versions/{self.version}"

    def numbered(self, version: str) -> GalleryTarget:
        """Return the target with this version chosen."""
        return self.model_copy(update={"version": version})


class ManagedImageTarget(Spec):
    """A managed image to be made.

    In another region than the build's, it is made from a copy of a snapshot of the disk: `snapshot` is that snapshot's
    ARM id, `copy_id` the copy's in the image's region; both are None in the build's own region. `spare_id` is the image
    that is made first if an earlier one is to be replaced.
    """

    kind: Literal["ManagedImage"]
    run_output_name: str
    image_id: str
    spare_id: str
    location: str
    os: OperatingSystem
    generation: Generation
    snapshot: str | None = None
    copy_id: str | None = None
    tags: dict[str, str]


class VhdTarget(Spec):
    """A VHD: at `url`, an unsigned blob URL that the template names, or as `blob` in the staging storage's `vhds`.

    `spare_url` is where it is made first when an earlier one is to be replaced, which only a named blob can be.
    """

    kind: Literal["VHD"]
    run_output_name: str
    blob: str
    url: str | None = None
    spare_url: str | None = None
    tags: dict[str, str]


Target = Annotated[GalleryTarget | ManagedImageTarget | VhdTarget, Field(discriminator="kind")]
