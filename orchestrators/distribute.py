"""One target's image to all of its regions: one update names them, then each is waited for on its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts import DISTRIBUTE, REPLICATE, START_REPLICATION, ReplicateRequest, TargetRequest
from kiln.errors import AzureNotFound, BuildError, ErrorDetail, InternalFailure, MadeByAnother, RunCanceled
from kiln.ids import name_of
from kiln.messages import GalleryRequest, RegionRequest
from kiln.planner.targets import GalleryTarget
from orchestrators.capture import origin_of
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from kiln.runs.record import RunOutput
    from orchestrators.flow import Steps

REGION_LIMIT = timedelta(hours=4)
"""Microsoft's Azure Compute Gallery page: replication may take hours."""
GONE = (AzureNotFound, MadeByAnother)
"""What is raised of an image that somebody deleted since it was captured, or made again."""


@orchestrator(DISTRIBUTE)
def distribute(flow: Flow, request: TargetRequest) -> Steps[RunOutput]:
    """Replicate a gallery version. A region that fails is named in the output's error; the others count.

    Raises one of `GONE` when the version itself is not there any more.
    """
    output, planned = request.captured, request.plan.targets[request.index]
    if output is None:
        raise InternalFailure(f"target {request.index} was not captured")
    if output.error is not None or not isinstance(planned, GalleryTarget) or _is_everywhere(output, planned):
        return output
    if output.artifact_id is None:
        raise InternalFailure(f"{output.name} was captured without a word of what it became")
    target = planned.numbered(name_of(output.artifact_id))
    run = request.plan.run
    version = GalleryRequest(run=run, origin=origin_of(request.plan), target=target)
    operation = yield from flow.run(START_REPLICATION, version)
    regions = [region.name for region in target.regions]
    branches = [
        flow.begin(
            REPLICATE,
            ReplicateRequest(
                region=RegionRequest(run=run, target=target, region=region, operation=operation),
                output=output,
                within=REGION_LIMIT.total_seconds(),
            ),
            region,
        )
        for region in regions
    ]
    outcomes = yield from flow.gather(branches)
    late = {region: end for region, end in zip(regions, outcomes, strict=True) if isinstance(end, BuildError)}
    for error in late.values():
        if isinstance(error, (RunCanceled, *GONE)):
            raise error
    ready = tuple(region for region in regions if region not in late)
    return output.model_copy(update={"regions": ready, "error": _missing(target, late)})


def _is_everywhere(output: RunOutput, target: GalleryTarget) -> bool:
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
