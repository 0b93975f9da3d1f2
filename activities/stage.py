"""The staging group, its network, its storage, its artifacts."""

from __future__ import annotations

from activities.adapter import fence, implements
from kiln.cloud import artifacts, staging
from kiln.contracts import (
    CREATE_CONTAINERS,
    CREATE_GROUP,
    STAGE_ARTIFACT,
    START_NETWORK,
    START_SECURITY_GROUP,
    START_STORAGE,
)
from kiln.messages import (
    ArtifactRequest,
    GroupRequest,
    NetworkRequest,
    Nothing,
    Operation,
    StagedStorage,
    StorageRequest,
)
from kiln.runs.store import Runs


@implements(CREATE_GROUP)
def create_group(request: GroupRequest) -> Nothing:
    """Make the template's staging group."""
    fence(request.run)
    staging.create_group(request.group)
    return Nothing()


@implements(START_SECURITY_GROUP)
def start_security_group(request: NetworkRequest) -> Operation:
    """Start to make the security group."""
    fence(request.run)
    return staging.start_security_group(request.network)


@implements(START_NETWORK)
def start_network(request: NetworkRequest) -> Operation:
    """Start to make the network."""
    fence(request.run)
    return staging.start_network(request.network)


@implements(START_STORAGE)
def start_storage(request: StorageRequest) -> Operation:
    """Start to make the storage account."""
    fence(request.run)
    return staging.start_storage(request.storage)


@implements(CREATE_CONTAINERS)
def create_containers(request: StorageRequest) -> StagedStorage:
    """Make the containers, and tell the run where its log will be."""
    storage = staging.create_containers(request.storage)
    log_url = f"{storage.endpoint}/{staging.LOGS}/{storage.log_blob}"
    run = request.run
    Runs().update(run.template, run.run_id, lambda record: record.model_copy(update={"log_url": log_url}))
    return storage


@implements(STAGE_ARTIFACT)
def stage_artifact(request: ArtifactRequest) -> Nothing:
    """Take one artifact in."""
    fence(request.run)
    artifacts.stage(request.storage, request.artifact)
    return Nothing()
