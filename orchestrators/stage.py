"""What a build stands on: the template's network and storage, each a branch of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import (
    CREATE_CONTAINERS,
    STAGE_ARTIFACT,
    STAGE_NETWORK,
    STAGE_STORAGE,
    START_NETWORK,
    START_SECURITY_GROUP,
    START_STORAGE,
    PlannedRun,
)
from kiln.messages import ArtifactRequest, NetworkRequest, Nothing, StorageRequest
from orchestrators.flow import Flow, orchestrator

if TYPE_CHECKING:
    from kiln.messages import StagedStorage
    from orchestrators.flow import Steps


@orchestrator(STAGE_NETWORK)
def stage_network(flow: Flow, request: PlannedRun) -> Steps[Nothing]:
    """Make the security group, then the network that uses it."""
    plan = request.plan
    network = NetworkRequest(run=plan.run, network=plan.network)
    yield from flow.complete(START_SECURITY_GROUP, network, run=plan.run)
    yield from flow.complete(START_NETWORK, network, run=plan.run)
    return Nothing()


@orchestrator(STAGE_STORAGE)
def stage_storage(flow: Flow, request: PlannedRun) -> Steps[StagedStorage]:
    """Make the storage account and its containers, then take in all artifacts side by side."""
    plan = request.plan
    account = StorageRequest(run=plan.run, storage=plan.storage)
    yield from flow.complete(START_STORAGE, account, run=plan.run)
    storage = yield from flow.run(CREATE_CONTAINERS, account)
    yield from flow.run_all(
        STAGE_ARTIFACT,
        [ArtifactRequest(run=plan.run, storage=storage, artifact=artifact) for artifact in plan.artifacts],
    )
    return storage
