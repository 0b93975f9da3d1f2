"""Regions of a gallery version: asked for in one update, then watched one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from kiln.cloud import gallery
from kiln.contracts import CHECK_REGION, START_REPLICATION

if TYPE_CHECKING:
    from kiln.messages import GalleryRequest, Operation, Progress, RegionRequest


@implements(START_REPLICATION)
def start_replication(request: GalleryRequest) -> Operation:
    """Start to replicate to every region of the target.

    The update's own operation ends only with the slowest region, so nobody waits for it: regions are watched instead.
    """
    fence(request.run)
    return gallery.start_replication(request.target)


@implements(CHECK_REGION)
def check_region(request: RegionRequest) -> Progress:
    """Ask how far one region is."""
    fence(request.run)
    return gallery.region_progress(request.target, request.region, request.operation)
