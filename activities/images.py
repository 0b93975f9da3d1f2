"""Managed images, and the disk and snapshots that they are made from; each is in the ledger before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import managed_images, origins, snapshots
from kiln.contracts import (
    CHECK_SNAPSHOT_COPY,
    START_IMAGE,
    START_ORIGIN_DISK,
    START_SNAPSHOT,
    START_SNAPSHOT_COPY,
)
from kiln.runs.record import LedgerEntry
from kiln.runs.store import Ledgers

if TYPE_CHECKING:
    from kiln.messages import ImageRequest, Operation, OriginRequest, Progress


@implements(START_ORIGIN_DISK)
def start_origin_disk(request: OriginRequest) -> Operation:
    """Record the disk, then start to make it of an earlier run's gallery version."""
    entry = LedgerEntry(kind="disk", id=request.origin.disk, tier=2)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return origins.start_disk(request.origin)


@implements(START_SNAPSHOT)
def start_snapshot(request: ImageRequest) -> Operation:
    """Record the snapshots of all disks, then start to take them."""
    _record(request, *(copy.snapshot for copy in snapshots.copies(request.origin, request.target)))
    return snapshots.start_snapshots(request.origin, request.target)


@implements(START_SNAPSHOT_COPY)
def start_snapshot_copy(request: ImageRequest) -> Operation:
    """Record the copies in the image's region, then start to make them."""
    _record(request, *(copy.copy_id for copy in snapshots.copies(request.origin, request.target)))
    return snapshots.start_copies(request.origin, request.target)


@implements(CHECK_SNAPSHOT_COPY)
def check_snapshot_copy(request: ImageRequest) -> Progress:
    """Ask how far the copies are."""
    fence(request.run)
    return snapshots.copies_progress(request.origin, request.target)


@implements(START_IMAGE)
def start_image(request: ImageRequest) -> Operation:
    """Record the managed image, then start to make it."""
    managed_images.refuse_taken(request.target)
    entry = LedgerEntry(kind="image", id=request.target.image_id, tier=0)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return managed_images.start_image(request.origin, request.target)


def _record(request: ImageRequest, *ids: str) -> None:
    entries = (LedgerEntry(kind="snapshot", id=item, tier=1) for item in ids)
    Ledgers().record(request.run.template, request.run.run_id, *entries)
