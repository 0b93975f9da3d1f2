"""What a template stands on: its group, then network and storage side by side, then all artifacts side by side.

Submission makes it; every run makes sure of it again, for everything here can be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import (
    CREATE_CONTAINERS,
    CREATE_GROUP,
    STAGE,
    STAGE_ARTIFACT,
    STAGE_NETWORK,
    STAGE_STORAGE,
    START_NETWORK,
    START_SECURITY_GROUP,
    START_STORAGE,
)
from kiln.messages import (
    ArtifactRequest,
    GroupRequest,
    NetworkRequest,
    Nothing,
    StagedStorage,
    StagingRequest,
    StorageRequest,
)
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from orchestrators.flow import Steps


@orchestrator(STAGE)
def stage(flow: Flow, request: StagingRequest) -> Steps[StagedStorage]:
    """Make the group, and in it network and storage."""
    yield from flow.run(CREATE_GROUP, GroupRequest(owner=request.owner, group=request.staging.group))
    network = flow.begin(STAGE_NETWORK, request, "network")
    storage = flow.begin(STAGE_STORAGE, request, "storage")
    yield from flow.start(network, storage)
    yield from flow.result(network)
    return (yield from flow.result(storage))


@orchestrator(STAGE_NETWORK)
def stage_network(flow: Flow, request: StagingRequest) -> Steps[Nothing]:
    """Make the security group, then the network that uses it, unless the template brings its own."""
    owner = request.owner
    network = NetworkRequest(owner=owner, network=request.staging.network)
    yield from flow.complete(START_SECURITY_GROUP, network, owner=owner)
    if network.network.network is not None:
        yield from flow.complete(START_NETWORK, network, owner=owner)
    return Nothing()


@orchestrator(STAGE_STORAGE)
def stage_storage(flow: Flow, request: StagingRequest) -> Steps[StagedStorage]:
    """Make the storage account and its containers, then take in all artifacts side by side."""
    owner = request.owner
    account = StorageRequest(owner=owner, storage=request.staging.storage)
    yield from flow.complete(START_STORAGE, account, owner=owner)
    storage = yield from flow.run(CREATE_CONTAINERS, account)
    artifacts = [ArtifactRequest(owner=owner, storage=storage, artifact=item) for item in request.staging.artifacts]
    yield from flow.run_all(STAGE_ARTIFACT, artifacts)
    return storage
