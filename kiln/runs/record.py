"""What Kiln remembers of a template and of each run, as stored documents.

It owns the shapes alone: transitions.py decides how they may change, store.py where they are kept.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiln.errors import ErrorDetail
from kiln.ids import TemplateId


class Document(BaseModel):
    """Base of stored documents: exact, immutable; a change is a new document."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunState(StrEnum):
    """AIB's `runState` values (azure-mgmt-imagebuilder 2.0.0)."""

    RUNNING = "Running"
    CANCELING = "Canceling"
    SUCCEEDED = "Succeeded"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self not in {RunState.RUNNING, RunState.CANCELING}


class RunSubState(StrEnum):
    """AIB's `runSubState` values (azure-mgmt-imagebuilder 2.0.0)."""

    QUEUED = "Queued"
    BUILDING = "Building"
    CUSTOMIZING = "Customizing"
    OPTIMIZING = "Optimizing"
    VALIDATING = "Validating"
    DISTRIBUTING = "Distributing"


class Phase(StrEnum):
    """The phases of a build, in order."""

    PLAN = "plan"
    STAGE = "stage"
    PROVISION = "provision"
    CUSTOMIZE = "customize"
    OPTIMIZE = "optimize"
    GENERALIZE = "generalize"
    VALIDATE = "validate"
    CAPTURE = "capture"
    DISTRIBUTE = "distribute"
    CLEAN_UP = "clean up"


class PhaseState(StrEnum):
    """How far a phase is. One that is PartiallySucceeded has done a part of what it was for."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


class PhaseRecord(Document):
    """One phase of one run. `note` is one line about where it is (a step's name, a percentage).

    `error` is why it failed, in all or in part.
    """

    name: Phase
    state: PhaseState
    started: datetime
    ended: datetime | None = None
    note: str | None = None
    error: ErrorDetail | None = None


class RunOutput(Document):
    """What one distributor made: a gallery version or managed image (`artifact_id`), or a VHD (`artifact_uri`).

    `mark` is what its tag (or metadata) kilnMark says as long as it is what the run made.
    """

    name: str
    kind: Literal["SharedImage", "ManagedImage", "VHD"]
    artifact_id: str | None = None
    artifact_uri: str | None = None
    mark: str = ""
    regions: tuple[str, ...] = ()
    error: ErrorDetail | None = None


class RunCause(Document):
    """The trigger that started a run, and of a new source image its version.

    `lineage` are the templates that led to the version, by their short names (kiln.runs.lineage), oldest first.
    """

    trigger: str
    source_version: str | None = None
    lineage: tuple[str, ...] = ()


NUMBER = "number"
"""The label of a run with its number."""


class RunRecord(Document):
    """One run of one template.

    `body` is the template as this run builds it: what was stored when the run was asked for, with the run's
    `overrides`. `version` says which version of the template that was. A retry names the run that it goes on from; a
    run that nobody asked for by hand has a `cause`. `starter` is the orchestration that starts the run's own, where one
    does. `reserved` are the documents of the version numbers that it may have reserved (kiln.runs.reservations).
    `number` counts the template's runs from 1 in the order in which they began: of two in one second, or of one that a
    trigger asked for while another was going, it says which is the newer. Runs stored before they were counted have 0.
    """

    run_id: str
    number: int = 0
    instance_id: str
    template: TemplateId
    body: dict[str, Any]
    version: int
    overrides: dict[str, Any] | None = None
    retry_of: str | None = None
    cause: RunCause | None = None
    starter: str | None = None
    state: RunState = RunState.RUNNING
    sub_state: RunSubState | None = RunSubState.QUEUED
    requested: datetime
    ended: datetime | None = None
    message: str = ""
    error: ErrorDetail | None = None
    phases: tuple[PhaseRecord, ...] = ()
    outputs: tuple[RunOutput, ...] = ()
    source_version: str | None = None
    log_url: str | None = None
    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """What a list of runs tells of each without reading it (kiln.runs.documents)."""
        return {NUMBER: str(self.number)}


class ProvisioningState(StrEnum):
    """AIB's `provisioningState` values (azure-mgmt-imagebuilder 2.0.0)."""

    CREATING = "Creating"
    UPDATING = "Updating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Deleting"


class ProvisioningError(Document):
    """Why a submission failed: `code` is one of AIB's provisioning error codes."""

    code: str
    message: str


UNDER_WAY = "underway"
"""The label of a template that something is under way of."""


class TemplateRecord(Document):
    """A template as submitted (`body`, AIB's JSON), and where its runs are.

    `version` counts its bodies from 1; each is kept, the latest being here since `changed`. `settled` is the highest
    version whose submission has ended, good or bad, at `settled_at`. `runs` is how many runs it has begun, and `run_id`
    names the latest, running or over; while that is `beginning`, no build works on it yet, its record is here, and its
    own document may not be written yet (kiln.runs.begin).
    `staging_group` is the name of the template's staging resource group, fixed when the template is first made;
    `staging_given` tells that the template named it. `outputs` are the latest outputs by run output name.
    It is being deleted since `deletion_began`; `deletion_error` is why that failed, which is told until the template is
    submitted or deleted again.
    """

    id: TemplateId
    body: dict[str, Any]
    version: int = 1
    settled: int = 0
    settled_at: datetime | None = None
    created: datetime
    changed: datetime
    staging_group: str
    staging_given: bool = False
    provisioning_state: ProvisioningState = ProvisioningState.CREATING
    provisioning_error: ProvisioningError | None = None
    deletion_began: datetime | None = None
    deletion_error: ErrorDetail | None = None
    runs: int = 0
    run_id: str | None = None
    beginning: RunRecord | None = None
    outputs: dict[str, RunOutput] = Field(default_factory=dict)

    @property
    def under_way(self) -> Literal["submission", "deletion"] | None:
        """What an orchestration has to be working on, if anything."""
        if self.provisioning_state is ProvisioningState.DELETING:
            return "deletion"
        return "submission" if self.settled < self.version else None

    @property
    def under_way_since(self) -> datetime:
        """Since when that has been asked for."""
        return self.deletion_began or self.changed

    @property
    def labels(self) -> dict[str, str]:
        """What a list of templates tells of each without reading it (kiln.runs.documents)."""
        what = self.under_way or ("run" if self.beginning is not None else None)
        return {UNDER_WAY: what} if what else {}


class TemplateVersion(Document):
    """One body that a template had, since when, and what became of its submission.

    A version that was replaced while its submission was under way stays Creating or Updating.
    """

    version: int
    body: dict[str, Any]
    since: datetime
    state: ProvisioningState = ProvisioningState.CREATING
    error: ProvisioningError | None = None
    settled_at: datetime | None = None


class TriggerRecord(Document):
    """A trigger of a template, as submitted. What fires it is not its own business."""

    template: TemplateId
    name: str
    kind: str
    body: dict[str, Any]
    created: datetime
    changed: datetime
