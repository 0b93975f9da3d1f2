"""What is said of images, by kind of target, and of the one that is validated."""

from __future__ import annotations

from kiln.ids import RunRef
from kiln.messages.base import Message, Operation
from kiln.messages.staging import StagedStorage
from kiln.planner.plan import ValidationImageSpec
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, OriginSpec, VhdTarget
from kiln.runs.record import RunOutput


class ValidationImageRequest(Message):
    """The image that a validation machine is made from: made of the machine whose ARM id is `machine`."""

    run: RunRef
    image: ValidationImageSpec
    machine: str


class OriginRequest(Message):
    """What the images are made from."""

    run: RunRef
    origin: OriginSpec


class GalleryRequest(Message):
    """A gallery image version to be made, or to be given its regions."""

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


class RegionRequest(Message):
    """One region of a gallery image version, and the update of Azure's that brings the version there."""

    run: RunRef
    target: GalleryTarget
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
