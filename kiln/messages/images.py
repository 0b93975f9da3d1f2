"""What is said of images: of the one that is validated, and of those that go to targets, by kind."""

from __future__ import annotations

from kiln.ids import RunRef
from kiln.messages.base import Message, Operation
from kiln.messages.staging import StagedStorage
from kiln.planner.plan import ValidationImageSpec, ValidationSpec
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, OriginSpec, Target, VhdTarget
from kiln.runs.record import RunOutput


class ValidateRequest(Message):
    """An image to be tested: that of the machine whose ARM id is `machine`, or, without one, the template's source."""

    run: RunRef
    storage: StagedStorage
    validation: ValidationSpec
    machine: str | None = None


class ValidationImageRequest(Message):
    """The image that a validation machine is made from: made of the machine whose ARM id is `machine`."""

    run: RunRef
    image: ValidationImageSpec
    machine: str


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


class OutputReport(Message):
    """What one target became."""

    run: RunRef
    output: RunOutput
