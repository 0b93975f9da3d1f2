"""What is said of a template: its submission, what it stands on, its deletion."""

from __future__ import annotations

from datetime import datetime

from kiln.errors import ErrorDetail
from kiln.ids import Owner, RunRef, SubmissionRef, TemplateId
from kiln.messages.base import Message
from kiln.planner.staging import ArtifactSpec, GroupSpec, NetworkSpec, StorageSpec


class StageStorageRequest(Message):
    """The template's storage account, its containers, and the scripts and files to be taken into it."""

    owner: Owner
    storage: StorageSpec
    artifacts: tuple[ArtifactSpec, ...]


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


class ArtifactRequest(Message):
    """One script or file to be taken into the staging storage."""

    owner: Owner
    storage: StagedStorage
    artifact: ArtifactSpec


class SubmissionReport(Message):
    """A submission ended, at `at` (ISO 8601), well or with `error`."""

    submission: SubmissionRef
    at: str
    error: ErrorDetail | None = None


class Submitted(Message):
    """What follows from a submission: the run that the template's autoRun asks for, and its orchestration's id.

    `busy` tells that the run is due, and another one of the template is going.
    """

    run: RunRef | None = None
    instance_id: str | None = None
    busy: bool = False


class DeletionFailure(Message):
    """The template that was made at `made` could not be deleted, for `error`."""

    template: TemplateId
    made: datetime
    error: ErrorDetail


class TemplateRequest(Message):
    """One template, whole. `made` tells it from others of its name."""

    template: TemplateId
    made: datetime
