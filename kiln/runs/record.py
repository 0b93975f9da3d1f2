"""The stored documents of templates, their versions and triggers, and of runs.

It owns their shapes alone: transitions.py decides how they may change, and templates.py, runs.py, versions.py and
triggers.py where they are kept.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiln.errors import ErrorDetail
from kiln.ids import TemplateId


class Document(BaseModel):
    """Base of stored documents: immutable, without unknown fields; a change is a new document."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunState(StrEnum):
    """The states of a run: Image Builder's `runState` values (azure-mgmt-imagebuilder 2.0.0)."""

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
    """The sub-states of a run: Image Builder's `runSubState` values (azure-mgmt-imagebuilder 2.0.0)."""

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
    """The states of a phase. A PartiallySucceeded phase has done a part of its work."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


class PhaseRecord(Document):
    """One phase of one run. `note` is one line of progress (a step's name, a percentage).

    `error` is why the phase failed, in all or in part.
    """

    name: Phase
    state: PhaseState
    started: datetime
    ended: datetime | None = None
    note: str | None = None
    error: ErrorDetail | None = None


class RunOutput(Document):
    """An image made by one distributor: a gallery version or managed image (`artifact_id`), or a VHD (`artifact_uri`).

    `mark` is the value of the image's tag (a VHD's metadata) kilnMark as long as it is the image that the run made.
    """

    name: str
    kind: Literal["SharedImage", "ManagedImage", "VHD"]
    artifact_id: str | None = None
    artifact_uri: str | None = None
    mark: str = ""
    regions: tuple[str, ...] = ()
    error: ErrorDetail | None = None


class RunCause(Document):
    """The trigger that started a run; for a `SourceImage` trigger also the new version of the source.

    `lineage` has the templates that led to that version, by their short names (kiln.runs.lineage), oldest first.
    """

    trigger: str
    source_version: str | None = None
    lineage: tuple[str, ...] = ()


NUMBER = "number"
"""The label that has a run's number."""


class RunRecord(Document):
    """One run of one template.

    `number` counts the template's runs from 1 in the order in which they began. It says which of two runs is newer,
    also of two in one second, or when a trigger asked for one while the other was going; runs from before they were
    counted have 0. `body` is the template as this run builds it: as it was stored when the run was requested, with the
    run's `overrides`; `version` is the template's version that it comes from. `retry_of` is the run that a retry goes
    on from. `cause` is set unless somebody asked for the run by hand. `starter` is the orchestration that starts the
    run's own, where one does. `reserved` has the paths of the names that it may have reserved (kiln.runs.reservations).
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
        """The run's labels, which a list shows without reading the document (kiln.runs.documents)."""
        return {NUMBER: str(self.number)}


class ProvisioningState(StrEnum):
    """The states of a template: Image Builder's `provisioningState` values (azure-mgmt-imagebuilder 2.0.0)."""

    CREATING = "Creating"
    UPDATING = "Updating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Deleting"


class ProvisioningError(Document):
    """The reason why a submission failed: `code` is one of Image Builder's provisioning error codes."""

    code: str
    message: str


UNDER_WAY = "underway"
"""The label of a template that is being submitted or deleted, or is beginning a run."""


class TemplateRecord(Document):
    """A template as submitted (`body`, Image Builder's JSON), with its state and its latest run.

    `version` counts its bodies from 1; `body` is the latest, since `changed`, and the earlier ones are kept as
    `TemplateVersion`. `settled` is the highest version whose submission has ended, well or not, at `settled_at`. `runs`
    counts the runs that it has begun, and `run_id` names the latest, running or over. While `beginning` is set, it is
    the latest run's record: no build works on the run yet, and its own document may be missing (kiln.runs.begin).
    `staging_group` is the name of the template's staging group, fixed when the template is first made; `staging_given`
    says that the template named it. `outputs` has the latest outputs by run output name. `deletion_began` is set while
    the template is being deleted; `deletion_error` is why that failed, and is shown until the template is submitted or
    deleted again.
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
        """The work that an orchestration must be doing for the template now, if any."""
        if self.provisioning_state is ProvisioningState.DELETING:
            return "deletion"
        return "submission" if self.settled < self.version else None

    @property
    def under_way_since(self) -> datetime:
        """The time at which the work that is under way was asked for."""
        return self.deletion_began or self.changed

    @property
    def labels(self) -> dict[str, str]:
        """The template's labels, which a list shows without reading the document (kiln.runs.documents)."""
        what = self.under_way or ("run" if self.beginning is not None else None)
        return {UNDER_WAY: what} if what else {}


class TemplateVersion(Document):
    """One version of a template: its body, since when the template had it, and the result of its submission.

    A version that was replaced while its submission was under way stays Creating or Updating.
    """

    version: int
    body: dict[str, Any]
    since: datetime
    state: ProvisioningState = ProvisioningState.CREATING
    error: ProvisioningError | None = None
    settled_at: datetime | None = None


class TriggerRecord(Document):
    """A trigger of a template, as submitted."""

    template: TemplateId
    name: str
    kind: str
    body: dict[str, Any]
    created: datetime
    changed: datetime
