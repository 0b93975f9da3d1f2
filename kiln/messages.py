"""What activities and orchestrators say to each other: one request and one result model for each.

All of it ends up in durable histories, which are public: no message ever carries a secret.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from kiln.errors import ErrorDetail
from kiln.ids import RunRef, TemplateId
from kiln.planner.plan import (
    ArtifactSpec,
    GalleryTarget,
    GroupSpec,
    MachineSpec,
    NetworkSpec,
    StepSpec,
    StorageSpec,
    VhdTarget,
)
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

    `retry_after` is in seconds, as Azure asked.
    """

    doing: str
    url: str | None = None
    retry_after: float = 0.0


class Progress(Message):
    """The answer of every check: done or not, when to ask again (seconds), and one line for a person."""

    done: bool
    retry_after: float = 0.0
    note: str | None = None


class WaitRequest(Message):
    """Ask `check` (an activity's name) with `payload` until it is done, for `within` seconds at the most.

    `deadline` (ISO 8601) is set by the first generation and carried through the later ones.
    """

    check: str
    payload: dict[str, Any]
    doing: str
    within: float
    first_delay: float = 0.0
    deadline: str | None = None


class OperationCheck(Message):
    """Whether an operation is over. `fenced` ones end as soon as the run's clean-up has begun."""

    run: RunRef | None = None
    operation: Operation


class ProgressReport(Message):
    """A phase began at `at` (ISO 8601), or, with a `note`, is somewhere."""

    run: RunRef
    phase: Phase
    at: str
    note: str | None = None


class GroupRequest(Message):
    """The template's staging group."""

    run: RunRef
    group: GroupSpec


class NetworkRequest(Message):
    """The template's network."""

    run: RunRef
    network: NetworkSpec


class StorageRequest(Message):
    """The template's storage account and its containers."""

    run: RunRef
    storage: StorageSpec


class ArtifactRequest(Message):
    """One script or file to be taken into the staging storage."""

    run: RunRef
    storage: StagedStorage
    artifact: ArtifactSpec


class MachineRequest(Message):
    """The build machine."""

    run: RunRef
    machine: MachineSpec


class StagedStorage(Message):
    """The staging storage, ready: its blob endpoint (no slash at the end) and customization.log's place in it."""

    endpoint: str
    account: str
    log_blob: str


class StepRequest(Message):
    """One script to be run in the build machine. `log_base` is where its output starts in customization.log (bytes)."""

    run: RunRef
    machine: MachineSpec
    storage: StagedStorage
    step: StepSpec
    log_base: int = 0


class StepStarted(Message):
    """A script was started; its output goes to customization.log from `log_base` (bytes) on."""

    log_base: int


class GalleryRequest(Message):
    """A gallery image version to be made from the build machine, or to be given its regions."""

    run: RunRef
    machine: MachineSpec
    target: GalleryTarget


class RegionRequest(Message):
    """One region of a gallery image version."""

    run: RunRef
    target: GalleryTarget
    region: str


class VhdRequest(Message):
    """The build machine's disk as a VHD in the staging storage."""

    run: RunRef
    machine: MachineSpec
    storage: StagedStorage
    target: VhdTarget


class OutputReport(Message):
    """What one target became."""

    run: RunRef
    output: RunOutput


class Leftovers(Message):
    """Deletions that are due, in the order of their tiers."""

    entries: tuple[LedgerEntry, ...] = ()


class DeleteRequest(Message):
    """One resource that clean-up deletes."""

    run: RunRef
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


class Outcome(Message):
    """What the phases up to distribution came to."""

    outputs: tuple[RunOutput, ...] = ()


class CleanedUp(Message):
    """Resources that could not be deleted, each with its reason."""

    leftovers: tuple[str, ...] = Field(default=())
