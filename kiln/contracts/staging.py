"""Contracts of staging: a template's group, its network, and its storage with scripts and files."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator, Progress
from kiln.ids import Owner
from kiln.planner.staging import ArtifactSpec, GroupSpec, NetworkSpec, StorageSpec


class GroupRequest(Message):
    """Make sure that the template's staging group exists."""

    owner: Owner
    group: GroupSpec


class NetworkRequest(Message):
    """Make sure that the template's network exists."""

    owner: Owner
    network: NetworkSpec


class StorageRequest(Message):
    """Make sure that the template's storage account and its containers exist."""

    owner: Owner
    storage: StorageSpec


class StagedStorage(Message):
    """The staging storage once it is ready: its blob endpoint (no slash at the end) and the place of the log in it."""

    endpoint: str
    log_blob: str


class StageStorageRequest(Message):
    """Make sure that the storage account and its containers exist, and copy scripts and files into it."""

    owner: Owner
    storage: StorageSpec
    artifacts: tuple[ArtifactSpec, ...]


class ArtifactRequest(Message):
    """Copy one script or file into the staging storage."""

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
