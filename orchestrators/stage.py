"""Staging of a template: its group, then network and storage in parallel, then all artifacts in parallel.

A submission stages, and each run repeats it to make sure: everything here can be done again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing, Progress
from kiln.contracts.staging import (
    CREATE_CONTAINERS,
    CREATE_GROUP,
    STAGE_ARTIFACT,
    STAGE_NETWORK,
    STAGE_STORAGE,
    START_NETWORK,
    START_SECURITY_GROUP,
    START_STORAGE,
    ArtifactRequest,
    GroupRequest,
    NetworkRequest,
    StagedStorage,
    StageStorageRequest,
    StorageRequest,
)
from kiln.errors import ArtifactUnavailable, BuildError, DeadlineExceeded
from orchestrators.flow import Flow, orchestrator
from orchestrators.waits import complete, waiting

if TYPE_CHECKING:
    from kiln.ids import Owner
    from kiln.planner.staging import StagingSpec
    from orchestrators.flow import Branch, Steps

PATIENCE = timedelta(seconds=60)
"""The time that an artifact's server may answer 5xx or 429, from its first such answer on."""
FIRST_PAUSE = timedelta(seconds=2)
"""The pause where that server does not say when to come again."""


def stage(flow: Flow, owner: Owner, staging: StagingSpec) -> Steps[StagedStorage]:
    """Make the group, and in it network and storage."""
    yield from flow.run(CREATE_GROUP, GroupRequest(owner=owner, group=staging.group))
    network = flow.begin(STAGE_NETWORK, NetworkRequest(owner=owner, network=staging.network), "network")
    asked = StageStorageRequest(owner=owner, storage=staging.storage, artifacts=staging.artifacts)
    storage = flow.begin(STAGE_STORAGE, asked, "storage")
    yield from flow.start(network, storage)
    yield from flow.result(network)
    return (yield from flow.result(storage))


@orchestrator(STAGE_NETWORK)
def stage_network(flow: Flow, request: NetworkRequest) -> Steps[Nothing]:
    """Make the security group, then the network that uses it, unless the template brings its own."""
    yield from complete(flow, START_SECURITY_GROUP, request, owner=request.owner)
    if request.network.network is not None:
        yield from complete(flow, START_NETWORK, request, owner=request.owner)
    return Nothing()


@orchestrator(STAGE_STORAGE)
def stage_storage(flow: Flow, request: StageStorageRequest) -> Steps[StagedStorage]:
    """Make the storage account and its containers, then take in all artifacts in parallel."""
    owner = request.owner
    account = StorageRequest(owner=owner, storage=request.storage)
    yield from complete(flow, START_STORAGE, account, owner=owner)
    storage = yield from flow.run(CREATE_CONTAINERS, account)
    artifacts = [ArtifactRequest(owner=owner, storage=storage, artifact=item) for item in request.artifacts]
    yield from _take_in(flow, artifacts)
    return storage


def _take_in(flow: Flow, requests: list[ArtifactRequest]) -> Steps[None]:
    """Copy all artifacts; ask a server that is busy again for a while. Raises all problems as one error."""
    outcomes = yield from flow.run_each(STAGE_ARTIFACT, requests)
    busy = [
        (at, _asked_again(flow, requests[at], outcome))
        for at, outcome in enumerate(outcomes)
        if isinstance(outcome, Progress) and not outcome.done
    ]
    ended = yield from flow.gather([branch for _, branch in busy])
    for (at, _), outcome in zip(busy, ended, strict=True):
        outcomes[at] = _told(outcome, requests[at].artifact.property_path)
    if errors := [outcome for outcome in outcomes if isinstance(outcome, BuildError)]:
        raise _together(errors)


def _asked_again(flow: Flow, request: ArtifactRequest, answer: Progress) -> Branch[Progress]:
    first = min(max(answer.retry_after, FIRST_PAUSE.total_seconds()), PATIENCE.total_seconds())
    return waiting(flow, STAGE_ARTIFACT, request, doing="take it in", within=PATIENCE, first_delay=first)


def _told(outcome: Progress | BuildError, path: str) -> Progress | BuildError:
    """Return the outcome; the passed deadline of a server that stayed busy becomes an error of its artifact."""
    if not isinstance(outcome, DeadlineExceeded):
        return outcome
    return ArtifactUnavailable(
        f"{path}: {outcome.detail.message}", target=path, hint="See to the server, then submit the template again."
    )


def _together(errors: list[BuildError]) -> BuildError:
    """Return one error for all. One that ends the whole work, such as a cancel, precedes the artifacts' errors."""
    other = next((error for error in errors if not isinstance(error, ArtifactUnavailable)), None)
    if other is not None or len(errors) == 1:
        return other or errors[0]
    return ArtifactUnavailable(
        f"{len(errors)} scripts or files of the template cannot be taken in.",
        target=errors[0].detail.target,
        details=tuple(error.detail for error in errors),
    )
