"""What a template stands on: its group, its network, its storage with scripts and files."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator, Progress
from kiln.ids import Owner
from kiln.planner.staging import ArtifactSpec, GroupSpec, NetworkSpec, StorageSpec


class GroupRequest(Message):
    """The template's staging group."""

    owner: Owner
    group: GroupSpec


class NetworkRequest(Message):
    """The template's network."""

    owner: Owner
    network: NetworkSpec


class StorageRequest(Message):
    """The template's storage account and its containers."""

    owner: Owner
    storage: StorageSpec


class StagedStorage(Message):
    """The staging storage, ready: its blob endpoint (no slash at the end) and the log's place in it."""

    endpoint: str
    log_blob: str


class StageStorageRequest(Message):
    """The template's storage account, its containers, and the scripts and files to be taken into it."""

    owner: Owner
    storage: StorageSpec
    artifacts: tuple[ArtifactSpec, ...]


class ArtifactRequest(Message):
    """One script or file to be taken into the staging storage."""

    owner: Owner
    storage: StagedStorage
    artifact: ArtifactSpec


CREATE_GROUP = Activity("create_group", GroupRequest, Nothing)
START_SECURITY_GROUP = Activity("start_security_group", NetworkRequest, Operation)
START_NETWORK = Activity("start_network", NetworkRequest, Operation)
START_STORAGE = Activity("start_storage", StorageRequest, Operation)
CREATE_CONTAINERS = Activity("create_containers", StorageRequest, StagedStorage)
STAGE_ARTIFACT = Activity("stage_artifact", ArtifactRequest, Progress)
STAGE_NETWORK = Orchestrator("stage_network", NetworkRequest, Nothing)
STAGE_STORAGE = Orchestrator("stage_storage", StageStorageRequest, StagedStorage)
