"""One target's image, made from the run's origin: a gallery version in its home region, a managed image, or a VHD."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from kiln.contracts.base import Listener
from kiln.contracts.images import (
    CAPTURE,
    CHECK_EXPORT,
    CHECK_SNAPSHOT_COPY,
    CHOOSE_VERSION,
    PLACE_VHD,
    START_EXPORT,
    START_IMAGE,
    START_SNAPSHOT,
    START_SNAPSHOT_COPY,
    START_SPARE,
    START_VERSION,
    GalleryRequest,
    ImageRequest,
    VersionRequest,
    VhdRequest,
)
from kiln.contracts.runs import REPORT_OUTPUT, OutputReport
from kiln.errors import VersionTaken
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, VhdTarget
from kiln.runs.record import Phase, RunOutput
from kiln.runs.tags import MARK_TAG
from orchestrators.flow import Flow, orchestrator
from orchestrators.waits import complete, wait

if TYPE_CHECKING:
    from kiln.contracts.images import TargetRequest
    from orchestrators.flow import Steps

PUBLISH_LIMIT = timedelta(hours=2)
COPY_LIMIT = timedelta(hours=3)
CHOICES = 10
"""Numbers tried for one version. Runs of one Kiln never get the same one: only somebody else can be quicker."""


@orchestrator(CAPTURE)
def capture(flow: Flow, request: TargetRequest) -> Steps[RunOutput]:
    """Make the image of one target and record it as an output of the run."""
    target = request.target
    match target:
        case GalleryTarget():
            output = yield from _publish(flow, request, target)
        case ManagedImageTarget():
            output = yield from _make_image(flow, request, target)
        case VhdTarget():
            output = yield from _export(flow, request, target)
        case _:
            assert_never(target)
    yield from flow.run(REPORT_OUTPUT, OutputReport(run=request.run, output=output))
    return output


def _publish(flow: Flow, request: TargetRequest, planned: GalleryTarget) -> Steps[RunOutput]:
    """Publish the version. If another run took a number that Kiln chose, choose the next one."""
    refused: tuple[str, ...] = ()
    while True:
        target = planned
        if planned.is_next:
            asked = VersionRequest(run=request.run, target=planned, refused=refused)
            chosen = yield from flow.run(CHOOSE_VERSION, asked)
            target = planned.numbered(chosen.version)
        version = GalleryRequest(run=request.run, origin=request.origin, target=target)
        try:
            yield from complete(flow, START_VERSION, version, owner=request.run, within=PUBLISH_LIMIT)
        except VersionTaken as error:
            refused += (target.version,)
            if not planned.is_next:
                raise
            if len(refused) == CHOICES:
                raise _never_first(planned, refused) from error
        else:
            break
    return RunOutput(
        name=target.run_output_name,
        kind=target.kind,
        artifact_id=target.version_id,
        mark=target.mark,
        regions=(target.location,),
    )


def _never_first(target: GalleryTarget, refused: tuple[str, ...]) -> VersionTaken:
    return VersionTaken(
        f"Somebody else made {', '.join(refused)} of {target.image_id} while this run was about to.",
        target="properties.distribute",
        hint="Let fewer others publish into this image definition at the same time, and retry the run.",
    )


def _make_image(flow: Flow, request: TargetRequest, target: ManagedImageTarget) -> Steps[RunOutput]:
    """Make the managed image. In another region than the origin's, it is made from a copy of a snapshot."""
    image = ImageRequest(run=request.run, origin=request.origin, target=target)
    if target.snapshot is not None:
        yield from complete(flow, START_SNAPSHOT, image, owner=request.run)
        yield from complete(flow, START_SNAPSHOT_COPY, image, owner=request.run)
        copying = f"copy a snapshot of the disk to {target.location}"
        listener = Listener(run=request.run, phase=Phase.CAPTURE, about=target.run_output_name)
        yield from wait(flow, CHECK_SNAPSHOT_COPY, image, doing=copying, within=COPY_LIMIT, listener=listener)
    yield from complete(flow, START_SPARE, image, owner=request.run)
    yield from complete(flow, START_IMAGE, image, owner=request.run)
    return RunOutput(
        name=target.run_output_name,
        kind=target.kind,
        artifact_id=target.image_id,
        mark=target.tags[MARK_TAG],
        regions=(target.location,),
    )


def _export(flow: Flow, request: TargetRequest, target: VhdTarget) -> Steps[RunOutput]:
    """Copy the disk, by way of a spare where an earlier VHD is to be replaced.

    The disk's read access, which all exports share, is withdrawn by the caller.
    """
    vhd = VhdRequest(run=request.run, origin=request.origin, storage=request.storage, target=target)
    url = target.url or f"{request.storage.endpoint}/vhds/{target.blob}"
    copying = yield from flow.run(START_EXPORT, vhd)
    listener = Listener(run=request.run, phase=Phase.CAPTURE, about=target.run_output_name)
    where = target.spare_url if copying.to_spare else url
    yield from wait(
        flow, CHECK_EXPORT, copying, doing=f"copy the disk to {where}", within=COPY_LIMIT, listener=listener
    )
    if copying.to_spare:
        yield from flow.run(PLACE_VHD, vhd)
        yield from wait(flow, CHECK_EXPORT, vhd, doing=f"copy {where} to {url}", within=COPY_LIMIT, listener=listener)
    return RunOutput(name=target.run_output_name, kind=target.kind, artifact_uri=url, mark=target.tags[MARK_TAG])
