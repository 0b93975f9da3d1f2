"""One target's image, made from the generalized machine: a gallery version in its home region, or a VHD."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from kiln.contracts import (
    CAPTURE,
    CHECK_EXPORT,
    END_EXPORT,
    REPORT_OUTPUT,
    START_EXPORT,
    START_VERSION,
    TargetRequest,
)
from kiln.messages import GalleryRequest, OutputReport, VhdRequest
from kiln.planner.plan import GalleryTarget, VhdTarget
from kiln.runs.record import RunOutput
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

PUBLISH_LIMIT = timedelta(hours=2)
COPY_LIMIT = timedelta(hours=3)


@orchestrator(CAPTURE)
def capture(flow: Flow, request: TargetRequest) -> Steps[RunOutput]:
    """Make the image of one target and record it as an output of the run."""
    plan = request.plan
    target = plan.targets[request.index]
    match target:
        case GalleryTarget():
            output = yield from _publish(flow, request, target)
        case VhdTarget():
            output = yield from _export(flow, request, target)
        case _:
            assert_never(target)
    yield from flow.run(REPORT_OUTPUT, OutputReport(run=plan.run, output=output))
    return output


def _publish(flow: Flow, request: TargetRequest, target: GalleryTarget) -> Steps[RunOutput]:
    plan = request.plan
    version = GalleryRequest(run=plan.run, machine=plan.machine, target=target)
    yield from flow.complete(START_VERSION, version, run=plan.run, within=PUBLISH_LIMIT)
    return RunOutput(
        name=target.run_output_name, kind=target.kind, artifact_id=target.version_id, regions=(target.location,)
    )


def _export(flow: Flow, request: TargetRequest, target: VhdTarget) -> Steps[RunOutput]:
    plan = request.plan
    vhd = VhdRequest(run=plan.run, machine=plan.machine, storage=request.storage, target=target)
    yield from flow.run(START_EXPORT, vhd)
    yield from flow.wait(CHECK_EXPORT, vhd, doing=f"copy the disk to {target.blob}", within=COPY_LIMIT)
    yield from flow.complete(END_EXPORT, vhd, run=plan.run)
    url = f"{request.storage.endpoint}/vhds/{target.blob}"
    return RunOutput(name=target.run_output_name, kind=target.kind, artifact_uri=url)
