"""Images by kind of target: gallery versions and their regions, managed images, VHDs."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator, Progress
from kiln.contracts.staging import StagedStorage
from kiln.ids import RunRef
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, OriginSpec, Target, VhdTarget
from kiln.runs.record import RunOutput


class TargetRequest(Message):
    """One target, whose image is to be made from the origin."""

    run: RunRef
    origin: OriginSpec
    storage: StagedStorage
    target: Target


class DistributeRequest(Message):
    """A gallery version, `captured` in its home region, that is to be in all regions of its target."""

    run: RunRef
    target: GalleryTarget
    captured: RunOutput


class OriginRequest(Message):
    """What the images are made from."""

    run: RunRef
    origin: OriginSpec


class GalleryRequest(Message):
    """A gallery image version to be made."""

    run: RunRef
    origin: OriginSpec
    target: GalleryTarget


class VersionRequest(Message):
    """The number of a version to be chosen: another one than those that Azure `refused` just now."""

    run: RunRef
    target: GalleryTarget
    refused: tuple[str, ...] = ()


class ChosenVersion(Message):
    """The number that a version is to have."""

    version: str


class ReplicationRequest(Message):
    """A gallery image version to be given all regions of its target."""

    run: RunRef
    target: GalleryTarget


class RegionRequest(Message):
    """One region of a gallery image version (its ARM id), and the update of Azure's that brings the version there.

    `mark` tells the version from another of its name; `output` is the run output's name.
    """

    run: RunRef
    output: str
    version: str
    mark: str
    region: str
    operation: Operation | None = None


class ImageRequest(Message):
    """A managed image to be made."""

    run: RunRef
    origin: OriginSpec
    target: ManagedImageTarget


class VhdRequest(Message):
    """The origin's disk as a VHD, in the staging storage or where the template says; or its spare, `to_spare`."""

    run: RunRef
    origin: OriginSpec
    storage: StagedStorage
    target: VhdTarget
    to_spare: bool = False


START_ORIGIN_DISK = Activity("start_origin_disk", OriginRequest, Operation)
CHOOSE_VERSION = Activity("choose_version", VersionRequest, ChosenVersion)
START_VERSION = Activity("start_version", GalleryRequest, Operation)
START_REPLICATION = Activity("start_replication", ReplicationRequest, Operation)
CHECK_REGION = Activity("check_region", RegionRequest, Progress)
START_SNAPSHOT = Activity("start_snapshot", ImageRequest, Operation)
START_SNAPSHOT_COPY = Activity("start_snapshot_copy", ImageRequest, Operation)
CHECK_SNAPSHOT_COPY = Activity("check_snapshot_copy", ImageRequest, Progress)
START_SPARE = Activity("start_spare", ImageRequest, Operation)
START_IMAGE = Activity("start_image", ImageRequest, Operation)
START_EXPORT = Activity("start_export", VhdRequest, VhdRequest)
CHECK_EXPORT = Activity("check_export", VhdRequest, Progress)
PLACE_VHD = Activity("place_vhd", VhdRequest, Nothing)
END_EXPORT = Activity("end_export", OriginRequest, Operation)
CAPTURE = Orchestrator("capture", TargetRequest, RunOutput)
DISTRIBUTE = Orchestrator("distribute", DistributeRequest, RunOutput)
