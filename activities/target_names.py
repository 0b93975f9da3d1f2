"""Names of the images to be made: reserved before anything is built; a gallery version's may be chosen later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import exports, gallery, managed_images
from kiln.contracts.images import CHOOSE_VERSION, ChosenVersion, VersionRequest
from kiln.errors import ImageTaken, VersionTaken, VhdTaken
from kiln.planner.versions import next_version
from kiln.runs.reservations import Reservation, Reservations, image_path, version_path, vhd_path

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.planner.targets import GalleryTarget, ManagedImageTarget, Target, VhdTarget


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
        if _reserve(request.run, target, version_path(target.image_id, version)) is None:
            return ChosenVersion(version=version)
        taken.append(version)


def hold_version(run: RunRef, target: GalleryTarget) -> None:
    """Reserve the very version that the template or its source names, while it is built.

    Raises `VersionTaken` when another run is making it, or when it is there and is not this run's own. The number is
    reserved before Azure is asked, so that whoever held the reservation before has already published the version.
    """
    if holder := _reserve(run, target, version_path(target.image_id, target.version)):
        raise VersionTaken(
            _said(target.version_id, holder),
            target="properties.distribute",
            hint="Name another version in galleryImageId, or none: then each build gets the next one.",
        )
    gallery.refuse_taken(target)


def hold_image(run: RunRef, target: ManagedImageTarget) -> None:
    """Reserve the managed image. Raises `ImageTaken` when another template makes or made it.

    Azure is asked before the name is reserved, so that a run which may not have the name never blocks the template that
    may. An image that appears between the two is noticed when the image is captured.
    """
    managed_images.refuse_taken(target)
    if holder := _reserve(run, target, image_path(target.image_id)):
        raise ImageTaken(
            _said(f"The managed image {target.image_id}", holder),
            target="properties.distribute",
            hint="Name another image in imageId.",
        )


def hold_vhd(run: RunRef, target: VhdTarget, url: str) -> None:
    """Reserve the VHD in the same way, if the template names it. Raises `VhdTaken` when another made or makes it."""
    exports.refuse_taken(url, target.tags)
    if target.spare_url and (holder := _reserve(run, target, vhd_path(url))):
        raise VhdTaken(
            _said(url, holder),
            target="properties.distribute",
            hint="Name another blob in uri, or a container: then each build gets a blob of its own.",
        )


def _reserve(run: RunRef, target: Target, path: str) -> Reservation | None:
    """Reserve a path; return who has it instead."""
    wanted = Reservation(template=run.template, run_id=run.run_id, output=target.run_output_name)
    return Reservations().take(path, wanted)


def _said(what: str, holder: Reservation) -> str:
    return f"{what} is being made by run {holder.run_id} of {holder.template.arm}."
