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
    GENERALIZE = "generalize"
    CAPTURE = "capture"
    DISTRIBUTE = "distribute"
    CLEAN_UP = "clean up"


class PhaseState(StrEnum):
    """How far a phase is."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


class PhaseRecord(Document):
    """One phase of one run. `note` is one line about where it is (a step's name, a percentage)."""

    name: Phase
    state: PhaseState
    started: datetime
    ended: datetime | None = None
    note: str | None = None


class RunOutput(Document):
    """What one distributor made: a gallery image version (`artifact_id`) or a VHD (`artifact_uri`)."""

    name: str
    kind: Literal["SharedImage", "VHD"]
    artifact_id: str | None = None
    artifact_uri: str | None = None
    regions: tuple[str, ...] = ()
    error: ErrorDetail | None = None


class RunRecord(Document):
    """One run of one template."""

    run_id: str
    instance_id: str
    template: TemplateId
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


class ProvisioningState(StrEnum):
    """AIB's provisioningState values that a template can be in here."""

    SUCCEEDED = "Succeeded"
    DELETING = "Deleting"


class TemplateRecord(Document):
    """A template as submitted (`body`, AIB's JSON), and where its runs are.

    `run_id` names the latest run, running or over. `staging_group` is the name of the template's staging resource
    group, fixed when the template is first made. `outputs` are the latest outputs by run output name.
    """

    id: TemplateId
    body: dict[str, Any]
    created: datetime
    changed: datetime
    staging_group: str
    provisioning_state: ProvisioningState = ProvisioningState.SUCCEEDED
    run_id: str | None = None
    outputs: dict[str, RunOutput] = Field(default_factory=dict)


class LedgerEntry(Document):
    """A resource that a run is about to make, recorded before the call that makes it. `tier` 0 is deleted first."""

    kind: Literal["vm", "nic", "disk", "disk-access", "gallery-version", "vhd"]
    id: str
    tier: int
    keep: bool = False


class Ledger(Document):
    """All that a run may have made. Once `closed`, nothing can be added, so nothing more can be made."""

    run_id: str
    entries: tuple[LedgerEntry, ...] = ()
    closed: bool = False


class OperationKind(StrEnum):
    """What a long-running operation of Kiln's own REST API is waiting for."""

    PUT = "put"
    RUN = "run"
    CANCEL = "cancel"
    DELETE = "delete"


class OperationRecord(Document):
    """A long-running operation of Kiln's own REST API; its status is derived from what it points at."""

    id: str
    kind: OperationKind
    template: TemplateId
    location: str
    run_id: str | None = None
    started: datetime
