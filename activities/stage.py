"""The staging group, its network, its storage, its artifacts: for a submission, and again for each run."""

from __future__ import annotations

from activities.adapter import fence, implements
from kiln.cloud import artifacts, groups, staging
from kiln.contracts import (
    CREATE_CONTAINERS,
    CREATE_GROUP,
    STAGE_ARTIFACT,
    START_NETWORK,
    START_SECURITY_GROUP,
    START_STORAGE,
)
from kiln.ids import RunRef
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
    fence(request.owner)
    groups.create(request.group)
    return Nothing()


@implements(START_SECURITY_GROUP)
def start_security_group(request: NetworkRequest) -> Operation:
    """Start to make the security group."""
    fence(request.owner)
    return staging.start_security_group(request.network)


@implements(START_NETWORK)
def start_network(request: NetworkRequest) -> Operation:
    """Start to make the network."""
    fence(request.owner)
    return staging.start_network(request.network)


@implements(START_STORAGE)
def start_storage(request: StorageRequest) -> Operation:
    """Start to make the storage account."""
    fence(request.owner)
    return staging.start_storage(request.storage)


@implements(CREATE_CONTAINERS)
def create_containers(request: StorageRequest) -> StagedStorage:
    """Make the containers; a run is told where its log will be."""
    fence(request.owner)
    storage = staging.create_containers(request.storage)
    owner = request.owner
    if isinstance(owner, RunRef):
        log_url = f"{storage.endpoint}/{staging.LOGS}/{storage.log_blob}"
        Runs().update(owner.template, owner.run_id, lambda record: record.model_copy(update={"log_url": log_url}))
    return storage


@implements(STAGE_ARTIFACT)
def stage_artifact(request: ArtifactRequest) -> Nothing:
    """Take one artifact in, unless it is there."""
    fence(request.owner)
    artifacts.stage(request.storage, request.artifact)
    return Nothing()
