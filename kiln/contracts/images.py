"""Contracts of images, by kind of target: gallery versions and their regions, managed images, VHDs."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator, Progress
from kiln.contracts.staging import StagedStorage
from kiln.ids import RunRef
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, OriginSpec, Target, VhdTarget
from kiln.runs.record import RunOutput


class TargetRequest(Message):
    """Make the image of one target from the origin."""

    run: RunRef
    origin: OriginSpec
    storage: StagedStorage
    target: Target


class DistributeRequest(Message):
    """Copy a gallery version, `captured` in its home region, to all regions of its target."""

    run: RunRef
    target: GalleryTarget
    captured: RunOutput


class OriginRequest(Message):
    """The origin that a run's images are made from."""

    run: RunRef
    origin: OriginSpec


class GalleryRequest(Message):
    """Make a gallery version."""

    run: RunRef
    origin: OriginSpec
    target: GalleryTarget


class VersionRequest(Message):
    """Choose the number of a gallery version, but none of those that Azure `refused` just now."""

    run: RunRef
    target: GalleryTarget
    refused: tuple[str, ...] = ()


class ChosenVersion(Message):
    """The number that was chosen for a gallery version."""

    version: str


class ReplicationRequest(Message):
    """Add all regions of its target to a gallery version."""

    run: RunRef
    target: GalleryTarget


class RegionRequest(Message):
    """One region of a gallery version, and the `operation` of Azure that copies the version there.

    `version` is the version's ARM id, `mark` tells it from another version of the same name; `output` is the run
    output's name.
    """

    run: RunRef
    output: str
    version: str
    mark: str
    region: str
    operation: Operation | None = None


class ImageRequest(Message):
    """Make a managed image."""

    run: RunRef
    origin: OriginSpec
    target: ManagedImageTarget


class VhdRequest(Message):
    """Copy the origin's disk to a VHD, in the staging storage or where the template says; `to_spare`: to its spare."""

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
