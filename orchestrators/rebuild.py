"""The rebuilds for a new version of a source image: one branch for each template that follows the source.

The decision is made for each template by itself, which may wait for days. The claim limits how many build at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.runs import BUILD_IMAGE, BuildRequest
from kiln.errors import BuildError, SourceNotFound
from kiln.rebuild.contracts import (
    CLAIM_REBUILD,
    FREE_SLOT,
    LIST_DEPENDENTS,
    LOOK_UP_VERSION,
    REBUILD,
    REBUILD_TEMPLATE,
    ClaimRequest,
    DependentsRequest,
    RebuildReport,
    RebuildRequest,
    Rebuilt,
    SlotRequest,
    SourceVersion,
    VersionFacts,
)
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps

LOOKS = 20
"""Rebuilds in one generation; replay time grows with the square of it."""
LISTED_WITHIN = tuple(timedelta(minutes=pause) for pause in (1, 2, 4, 8))
"""Pauses between looks at a version that is not listed: Azure's lists are not all of one time, and nobody tells again.

What somebody made up costs that many looks, whose instance takes in every further event of the same version.
"""


@orchestrator(REBUILD, root=True)
def rebuild(flow: Flow, found: SourceVersion) -> Steps[RebuildReport]:
    """Rebuild each template that follows the source, unless the decision for it is to skip the version."""
    source = found.source.key
    facts = yield from _facts(flow, found)
    if facts.gone:
        return RebuildReport(source=source, version=found.version)
    request = DependentsRequest(found=found, by=flow.instance_id, at=flow.stamp)
    dependents = yield from flow.run(LIST_DEPENDENTS, request)
    branches = [
        flow.begin(
            REBUILD_TEMPLATE,
            RebuildRequest(found=found, facts=facts, target=target, by=f"{flow.instance_id}:{index}"),
            str(index),
        )
        for index, target in enumerate(dependents.triggers)
    ]
    ends = yield from flow.gather(branches)
    templates = tuple(
        Rebuilt(template=target.template.arm, reason=str(end)) if isinstance(end, BuildError) else end
        for target, end in zip(dependents.triggers, ends, strict=True)
    )
    return RebuildReport(source=source, version=found.version, templates=templates)


def _facts(flow: Flow, found: SourceVersion) -> Steps[VersionFacts]:
    """Return what Azure knows of the version, once it lists it. Raises `SourceNotFound` if that takes too long."""
    for pause in LISTED_WITHIN:
        try:
            return (yield from flow.run(LOOK_UP_VERSION, found))
        except BuildError as error:
            if error.detail.code != SourceNotFound.code:
                raise
        yield from flow.sleep(pause)
    return (yield from flow.run(LOOK_UP_VERSION, found))


@orchestrator(REBUILD_TEMPLATE)
def rebuild_template(flow: Flow, request: RebuildRequest) -> Steps[Rebuilt]:
    """Wait until the template may be built, build it, and free its slot; or find that it is not to be built."""
    template = request.target.template.arm
    for attempt in range(request.attempt, request.attempt + LOOKS):
        asked = ClaimRequest(rebuild=request.model_copy(update={"attempt": attempt}), at=flow.stamp)
        claim = yield from flow.run(CLAIM_REBUILD, asked)
        if claim.decision == "skip":
            return Rebuilt(template=template, reason=claim.reason)
        if claim.run is not None and claim.instance_id is not None:
            built = flow.known(BUILD_IMAGE, BuildRequest(run=claim.run), claim.instance_id)
            end = yield from flow.join(built)
            yield from flow.run(FREE_SLOT, SlotRequest(run=claim.run))
            reason = str(end) if isinstance(end, BuildError) else claim.reason
            return Rebuilt(template=template, run_id=claim.run.run_id, reason=reason)
        yield from flow.sleep(timedelta(seconds=claim.seconds))
    flow.start_over(request.model_copy(update={"attempt": request.attempt + LOOKS}))
    return Rebuilt(template=template, reason="")
