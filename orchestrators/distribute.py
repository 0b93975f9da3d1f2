"""One target's image to all of its regions: one update names them, then each is waited for on its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Listener
from kiln.contracts.images import CHECK_REGION, DISTRIBUTE, START_REPLICATION, RegionRequest, ReplicationRequest
from kiln.errors import AzureNotFound, BuildError, ErrorDetail, InternalFailure, MadeByAnother, RunCanceled
from kiln.ids import name_of
from kiln.runs.record import Phase
from orchestrators.flow import Flow, orchestrator
from orchestrators.waits import waiting

if TYPE_CHECKING:
    from kiln.contracts.base import Operation, Progress
    from kiln.contracts.images import DistributeRequest
    from kiln.planner.targets import GalleryTarget
    from kiln.runs.record import RunOutput
    from orchestrators.flow import Branch, Steps

REGION_LIMIT = timedelta(hours=4)
"""For one region: replication may take hours (Microsoft's Azure Compute Gallery page)."""
GONE = (AzureNotFound, MadeByAnother)
"""Errors of an image that somebody deleted or replaced after it was captured."""


@orchestrator(DISTRIBUTE)
def distribute(flow: Flow, request: DistributeRequest) -> Steps[RunOutput]:
    """Replicate a gallery version. A region that fails is named in the output's error; the others count.

    Raises one of `GONE` when the version itself is not there any more.
    """
    run, output = request.run, request.captured
    if output.artifact_id is None:
        raise InternalFailure(f"{output.name} was captured without a word of what it became")
    target = request.target.numbered(name_of(output.artifact_id))
    operation = yield from flow.run(START_REPLICATION, ReplicationRequest(run=run, target=target))
    regions = [region.name for region in target.regions]
    branches = [_replicated(flow, request, target, region, operation) for region in regions]
    outcomes = yield from flow.gather(branches)
    late = {region: end for region, end in zip(regions, outcomes, strict=True) if isinstance(end, BuildError)}
    for error in late.values():
        if isinstance(error, (RunCanceled, *GONE)):
            raise error
    ready = tuple(region for region in regions if region not in late)
    return output.model_copy(update={"regions": ready, "error": _missing(target, late)})


def _replicated(
    flow: Flow, request: DistributeRequest, target: GalleryTarget, region: str, operation: Operation
) -> Branch[Progress]:
    """Prepare to wait until one region has the version; the check that sees it adds the region to the run's output."""
    return waiting(
        flow,
        CHECK_REGION,
        RegionRequest(
            run=request.run,
            output=request.captured.name,
            version=target.version_id,
            mark=target.mark,
            region=region,
            operation=operation,
        ),
        doing=f"replicate {target.version_id} to {region}",
        within=REGION_LIMIT,
        listener=Listener(run=request.run, phase=Phase.DISTRIBUTE, about=request.captured.name),
    )


def is_everywhere(output: RunOutput, target: GalleryTarget) -> bool:
    """Whether the captured version is in all regions of its target."""
    return {region.name for region in target.regions} <= set(output.regions)


def _missing(target: GalleryTarget, late: dict[str, BuildError]) -> ErrorDetail | None:
    if not late:
        return None
    return ErrorDetail(
        code="ReplicationFailed",
        message=f"{target.version_id} is not in {', '.join(late)}.",
        target="properties.distribute",
        details=tuple(error.detail for error in late.values()),
        hint="The image can be used in its other regions; a retry of the run tries the missing ones alone.",
    )
