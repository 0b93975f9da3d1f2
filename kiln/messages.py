"""What activities and orchestrators say to each other: one request and one result model for each.

All of it ends up in durable histories, which are public: no message ever carries a secret.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kiln.errors import ErrorDetail
from kiln.ids import Owner, RunRef, SubmissionRef, TemplateId
from kiln.planner.plan import MachineSpec, ValidationImageSpec
from kiln.planner.staging import ArtifactSpec, GroupSpec, NetworkSpec, StagingSpec, StorageSpec
from kiln.planner.steps import StepSpec
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, OriginSpec, VhdTarget
from kiln.runs.record import LedgerEntry, Phase, RunOutput, RunState

CANCEL = "cancel"
"""The external event that cancels a build."""


class Message(BaseModel):
    """Base of all messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Message):
    """The result of an activity that is asked for its effect alone."""


class BuildRequest(Message):
    """Start a build: the run's record is already stored."""

    run: RunRef


class DeleteTemplateRequest(Message):
    """Delete a template: cancel what runs, delete its staging group, forget it."""

    template: TemplateId


class Operation(Message):
    """A long-running operation of Azure that was started. Without a `url` it was over at once.

    `more` are the URLs of operations that were started with it: it is over when all are. `retry_after` is in seconds,
    as Azure asked.
    """

    doing: str
    url: str | None = None
    more: tuple[str, ...] = ()
    retry_after: float = 0.0


class Progress(Message):
    """The answer of every check: done or not, when to ask again (seconds), one line for a person, an exit code."""

    done: bool
    retry_after: float = 0.0
    note: str | None = None
    exit_code: int | None = None


class Listener(Message):
    """Who wants to hear how far a wait is: a phase of a run, told what it is `about`."""

    run: RunRef
    phase: Phase
    about: str


class WaitRequest(Message):
    """Ask `check` (an activity's name) with `payload` until it is done, for `within` seconds at the most.

    A `listener` is told the check's note whenever it is another. `deadline` (ISO 8601) and `told` (the latest note) are
    carried from the first generation through the later ones.
    """

    check: str
    payload: dict[str, Any]
    doing: str
    within: float
    first_delay: float = 0.0
    listener: Listener | None = None
    deadline: str | None = None
    told: str | None = None


class OperationCheck(Message):
    """Whether an operation is over. One that has an `owner` is given up as soon as the owner's work is.

    Deletions have none: they go on.
    """

    owner: Owner | None = None
    operation: Operation


class ProgressReport(Message):
    """A phase began at `at` (ISO 8601), or, with a `note`, is somewhere."""

    run: RunRef
    phase: Phase
    at: str
    note: str | None = None


class StagingRequest(Message):
    """All that a template stands on."""

    owner: Owner
    staging: StagingSpec


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


class ArtifactRequest(Message):
    """One script or file to be taken into the staging storage."""

    owner: Owner
    storage: StagedStorage
    artifact: ArtifactSpec


class StagedStorage(Message):
    """The staging storage, ready: its blob endpoint (no slash at the end) and the log's place in it."""

    endpoint: str
    account: str
    log_blob: str


class SubmissionReport(Message):
    """A submission ended, at `at` (ISO 8601), well or with `error`."""

    submission: SubmissionRef
    at: str
    error: ErrorDetail | None = None


class Submitted(Message):
    """What follows from a submission: the run that the template's autoRun asks for, and its orchestration's id."""

    run: RunRef | None = None
    instance_id: str | None = None


class MachineRequest(Message):
    """A machine of the run."""

    run: RunRef
    machine: MachineSpec


class StepRequest(Message):
    """One script to be run in a machine. `log_base` is where its output starts in the log (bytes)."""

    run: RunRef
    machine: MachineSpec
    storage: StagedStorage
    step: StepSpec
    log_base: int = 0


class StepStarted(Message):
    """A script was started; its output goes to the log from `log_base` (bytes) on."""

    log_base: int


class ValidationImageRequest(Message):
    """The image that a validation machine is made from: made of the machine whose ARM id is `machine`."""

    run: RunRef
    image: ValidationImageSpec
    machine: str


class OriginRequest(Message):
    """What the images are made from."""

    run: RunRef
    origin: OriginSpec


class GalleryRequest(Message):
    """A gallery image version to be made, or to be given its regions."""

    run: RunRef
    origin: OriginSpec
    target: GalleryTarget


class RegionRequest(Message):
    """One region of a gallery image version."""

    run: RunRef
    target: GalleryTarget
    region: str


class ImageRequest(Message):
    """A managed image to be made."""

    run: RunRef
    origin: OriginSpec
    target: ManagedImageTarget


class VhdRequest(Message):
    """The origin's disk as a VHD, in the staging storage or where the template says."""

    run: RunRef
    origin: OriginSpec
    storage: StagedStorage
    target: VhdTarget


class OutputReport(Message):
    """What one target became."""

    run: RunRef
    output: RunOutput


class Leftovers(Message):
    """Deletions that are due, in the order of their tiers, and the ARM ids of what is kept on purpose."""

    entries: tuple[LedgerEntry, ...] = ()
    kept: tuple[str, ...] = ()


class CloseRequest(Message):
    """The run's ledger is to be closed. What belongs to the machines in `keep` stays."""

    run: RunRef
    keep: tuple[Literal["build", "validation"], ...] = ()


class DeleteRequest(Message):
    """One resource to be deleted."""

    entry: LedgerEntry


class StopReport(Message):
    """The build ended early, at `at` (ISO 8601)."""

    run: RunRef
    at: str
    error: ErrorDetail
    canceled: bool


class FinishReport(Message):
    """The run is over, at `at` (ISO 8601)."""

    run: RunRef
    at: str
    state: RunState
    message: str
    error: ErrorDetail | None = None
    outputs: tuple[RunOutput, ...] = ()
    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class Outcome(Message):
    """What the phases up to distribution came to.

    A failed validation (`invalid`) fails the run even where its image is distributed.
    """

    outputs: tuple[RunOutput, ...] = ()
    invalid: ErrorDetail | None = None


class CleanedUp(Message):
    """Resources that could not be deleted, each with its reason, and the ARM ids of what is kept on purpose."""

    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
