"""Regions of a gallery version: asked for in one update, then watched one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import fence, implements
from activities.capture import report_output
from kiln.cloud import gallery
from kiln.contracts.images import CHECK_REGION, START_REPLICATION
from kiln.contracts.runs import OutputReport
from kiln.runs.record import RunOutput

if TYPE_CHECKING:
    from kiln.contracts.base import Operation, Progress
    from kiln.contracts.images import RegionRequest, ReplicationRequest


@implements(START_REPLICATION)
def start_replication(request: ReplicationRequest) -> Operation:
    """Start to replicate to every region of the target.

    The update's own operation ends only with the slowest region, so nobody waits for it: regions are watched instead.
    """
    fence(request.run)
    return gallery.start_replication(request.target)


@implements(CHECK_REGION)
def check_region(request: RegionRequest) -> Progress:
    """Return how far one region is; once it has the version, add it to the run's output."""
    fence(request.run)
    progress = gallery.region_progress(request.version, request.mark, request.region, request.operation)
    if progress.done:
        ready = RunOutput(
            name=request.output,
            kind="SharedImage",
            artifact_id=request.version,
            mark=request.mark,
            regions=(request.region,),
        )
        report_output(OutputReport(run=request.run, output=ready))
    return progress
