"""The staging group, its network, its storage, its artifacts: for a submission, and again for each run.

A submission makes everything as its template says. A run first looks whether it is all there, by one call for each
resource, and makes again what somebody has deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from activities import staging_group
from activities.adapter import fence, implements
from kiln.cloud import artifacts, groups, staging
from kiln.cloud.download_errors import Busy
from kiln.contracts.base import Nothing, Operation, Progress
from kiln.contracts.staging import (
    CREATE_CONTAINERS,
    CREATE_GROUP,
    STAGE_ARTIFACT,
    START_NETWORK,
    START_SECURITY_GROUP,
    START_STORAGE,
    ArtifactRequest,
    GroupRequest,
    NetworkRequest,
    StagedStorage,
    StorageRequest,
)
from kiln.ids import RunRef
from kiln.planner.artifacts import artifact_urls
from kiln.redact import redact
from kiln.runs.runs import Runs
from kiln.runs.template_secrets import TemplateSecrets
from kiln.runs.templates import Templates
from kiln.template.parse import parse_for_build

if TYPE_CHECKING:
    from kiln.ids import Owner
    from kiln.secret import Secret


@implements(CREATE_GROUP)
def create_group(request: GroupRequest) -> Nothing:
    """Make the template's staging group. Raises a `BuildError` when it is another's."""
    fence(request.owner)
    staging_group.claim_of(request.owner.template)
    groups.create(request.group)
    return Nothing()


@implements(START_SECURITY_GROUP)
def start_security_group(request: NetworkRequest) -> Operation:
    """Start to make the security group."""
    fence(request.owner)
    network = request.network
    if _is_run(request.owner) and staging.is_ready(lambda: staging.find_security_group(network)):
        return Operation(doing=f"use the network security group {network.security_group}")
    return staging.start_security_group(network)


@implements(START_NETWORK)
def start_network(request: NetworkRequest) -> Operation:
    """Start to make the network."""
    fence(request.owner)
    network = request.network
    if _is_run(request.owner) and network.network and staging.is_ready(lambda: staging.find_network(network)):
        return Operation(doing=f"use the virtual network {network.network}")
    return staging.start_network(network)


@implements(START_STORAGE)
def start_storage(request: StorageRequest) -> Operation:
    """Start to make the storage account."""
    fence(request.owner)
    storage = request.storage
    if _is_run(request.owner) and staging.is_ready(lambda: staging.find_storage(storage)):
        return Operation(doing=f"use the storage account {storage.account}")
    return staging.start_storage(storage)


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
def stage_artifact(request: ArtifactRequest) -> Progress:
    """Copy one artifact into the staging storage, unless it is there. Only here its URL gets its signature back.

    While the server answers that it cannot serve the file now, the progress is not done, and its note says why.
    """
    fence(request.owner)
    try:
        artifacts.stage(request.storage, request.artifact, lambda: _whole_url(request))
    except Busy as busy:
        return Progress(done=False, retry_after=busy.retry_after, note=redact(str(busy)))
    return Progress(done=True)


def _whole_url(request: ArtifactRequest) -> Secret:
    shown = artifact_urls(parse_for_build(_body(request.owner)))[request.artifact.property_path]
    return TemplateSecrets().whole(request.owner.template, shown)


def _body(owner: Owner) -> dict[str, Any]:
    """Return the template that a run or a submission stages; a submission's fence made sure that it is the latest."""
    if isinstance(owner, RunRef):
        return Runs().require(owner.template, owner.run_id).body
    return Templates().require(owner.template).body


def _is_run(owner: Owner) -> bool:
    return isinstance(owner, RunRef)
