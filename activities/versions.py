"""The number of a gallery version: reserved before anything is built, or chosen once there is an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import gallery
from kiln.contracts import CHOOSE_VERSION
from kiln.errors import VersionTaken
from kiln.messages import ChosenVersion, VersionRequest
from kiln.planner.versions import next_version
from kiln.runs.reservations import Reservation, Reservations

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.planner.targets import GalleryTarget


@implements(CHOOSE_VERSION)
def choose_version(request: VersionRequest) -> ChosenVersion:
    """Choose the next version of the target's definition that neither Azure nor another run of this Kiln has.

    Nothing is published by that: if it happens twice, the later choice is the one that counts.
    """
    fence(request.run)
    target = request.target
    taken = [*gallery.versions(target.image_id), *request.refused]
    while True:
        version = next_version(taken, target.major)
        if _reserve(request.run, target, version) is None:
            return ChosenVersion(version=version)
        taken.append(version)


def hold(run: RunRef, target: GalleryTarget) -> None:
    """Reserve the very version that the template or its source names, while it is built.

    Raises `VersionTaken` when another run is making it, or when it is there and is not this run's own. The number is
    reserved before Azure is asked: who had it reserved until then has published it by then.
    """
    holder = _reserve(run, target, target.version)
    if holder is not None:
        raise VersionTaken(
            f"{target.version_id} is being made by run {holder.run_id} of {holder.template.arm}.",
            target="properties.distribute",
            hint="Name another version in galleryImageId, or none: then each build gets the next one.",
        )
    gallery.refuse_taken(target)


def _reserve(run: RunRef, target: GalleryTarget, version: str) -> Reservation | None:
    wanted = Reservation(template=run.template, run_id=run.run_id, output=target.run_output_name)
    return Reservations().take(target.image_id, version, wanted)
