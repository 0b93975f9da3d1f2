"""Managed images, and the disk and snapshots that they are made from; each is in the ledger before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from activities.making import making
from kiln.cloud import managed_images, origins, snapshots
from kiln.cloud.operations import together
from kiln.contracts.base import Operation
from kiln.contracts.images import (
    CHECK_SNAPSHOT_COPY,
    START_IMAGE,
    START_ORIGIN_DISK,
    START_SNAPSHOT,
    START_SNAPSHOT_COPY,
    START_SPARE,
)
from kiln.runs.ledger import LedgerEntry
from kiln.runs.tags import mark_in

if TYPE_CHECKING:
    from kiln.cloud.snapshots import Copy
    from kiln.contracts.base import Progress
    from kiln.contracts.images import ImageRequest, OriginRequest


@implements(START_ORIGIN_DISK)
def start_origin_disk(request: OriginRequest) -> Operation:
    """Record the disk, then start to make it of an earlier run's gallery version."""
    origin = request.origin
    with making(request.run, LedgerEntry(kind="disk", id=origin.disk, tier=2, mark=mark_in(origin.tags))):
        return origins.start_disk(origin)


@implements(START_SNAPSHOT)
def start_snapshot(request: ImageRequest) -> Operation:
    """Record the snapshots of all disks, then start to take them."""
    return together(
        f"take snapshots for {request.target.image_id}",
        [_take(request, copy) for copy in snapshots.copies(request.origin, request.target)],
    )


@implements(START_SNAPSHOT_COPY)
def start_snapshot_copy(request: ImageRequest) -> Operation:
    """Record the copies in the image's region, then start to make them."""
    return together(
        f"copy the snapshots of {request.target.image_id} to {request.target.location}",
        [_copy(request, copy) for copy in snapshots.copies(request.origin, request.target)],
    )


@implements(CHECK_SNAPSHOT_COPY)
def check_snapshot_copy(request: ImageRequest) -> Progress:
    """Return how far the copies of the snapshots are."""
    fence(request.run)
    return snapshots.copies_progress(request.origin, request.target)


@implements(START_SPARE)
def start_spare(request: ImageRequest) -> Operation:
    """Record a spare image, then start to make it, where an image of an earlier run is to be replaced."""
    fence(request.run)
    target = request.target
    if not managed_images.is_replaced(target):
        return Operation(doing=f"create the managed image {target.image_id}")
    with making(request.run, managed_images.spare_entry(target)):
        return managed_images.start_spare(request.origin, target)


@implements(START_IMAGE)
def start_image(request: ImageRequest) -> Operation:
    """Record the managed image, then start to make it."""
    target = request.target
    managed_images.refuse_taken(target)
    with making(request.run, managed_images.entry(target)):
        return managed_images.start_image(request.origin, target)


def _take(request: ImageRequest, copy: Copy) -> Operation:
    with making(request.run, _snapshot(request, copy.snapshot)):
        return snapshots.start_snapshot(request.origin, copy)


def _copy(request: ImageRequest, copy: Copy) -> Operation:
    with making(request.run, _snapshot(request, copy.copy_id)):
        return snapshots.start_copy(request.origin, request.target, copy)


def _snapshot(request: ImageRequest, resource: str) -> LedgerEntry:
    return LedgerEntry(kind="snapshot", id=resource, tier=1, mark=mark_in(request.origin.tags))
