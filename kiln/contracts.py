"""The one typed list of activities and orchestrators: name, input model, output model.

Orchestrators call by these tokens and activities implement them, so that neither imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from kiln.ids import RunRef
from kiln.messages import (
    ArtifactRequest,
    BuildRequest,
    CleanedUp,
    DeleteRequest,
    DeleteTemplateRequest,
    FinishReport,
    GalleryRequest,
    GroupRequest,
    Leftovers,
    MachineRequest,
    Message,
    NetworkRequest,
    Nothing,
    Operation,
    OperationCheck,
    Outcome,
    OutputReport,
    Progress,
    ProgressReport,
    RegionRequest,
    StagedStorage,
    StepRequest,
    StepStarted,
    StopReport,
    StorageRequest,
    VhdRequest,
    WaitRequest,
)
from kiln.planner.plan import Plan
from kiln.runs.record import RunOutput

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Activity(Generic[RequestT, ResultT]):
    """An activity: short, idempotent, run at least once."""

    name: str
    request: type[RequestT]
    result: type[ResultT]


@dataclass(frozen=True)
class Orchestrator(Generic[RequestT, ResultT]):
    """An orchestrator: replay-safe, run to its end exactly once."""

    name: str
    request: type[RequestT]
    result: type[ResultT]


MAKE_PLAN = Activity("make_plan", RunRef, Plan)
REPORT_PROGRESS = Activity("report_progress", ProgressReport, Nothing)
REPORT_OUTPUT = Activity("report_output", OutputReport, Nothing)
REPORT_STOP = Activity("report_stop", StopReport, Nothing)
FINISH_RUN = Activity("finish_run", FinishReport, Nothing)
CREATE_GROUP = Activity("create_group", GroupRequest, Nothing)
START_SECURITY_GROUP = Activity("start_security_group", NetworkRequest, Operation)
START_NETWORK = Activity("start_network", NetworkRequest, Operation)
START_STORAGE = Activity("start_storage", StorageRequest, Operation)
CREATE_CONTAINERS = Activity("create_containers", StorageRequest, StagedStorage)
STAGE_ARTIFACT = Activity("stage_artifact", ArtifactRequest, Nothing)
START_INTERFACE = Activity("start_interface", MachineRequest, Operation)
START_MACHINE = Activity("start_machine", MachineRequest, Operation)
START_STEP = Activity("start_step", StepRequest, StepStarted)
CHECK_STEP = Activity("check_step", StepRequest, Progress)
CHECK_POWERED_OFF = Activity("check_powered_off", MachineRequest, Progress)
START_DEALLOCATE = Activity("start_deallocate", MachineRequest, Operation)
MARK_GENERALIZED = Activity("mark_generalized", MachineRequest, Nothing)
START_VERSION = Activity("start_version", GalleryRequest, Operation)
START_REPLICATION = Activity("start_replication", GalleryRequest, Operation)
CHECK_REGION = Activity("check_region", RegionRequest, Progress)
START_EXPORT = Activity("start_export", VhdRequest, Nothing)
CHECK_EXPORT = Activity("check_export", VhdRequest, Progress)
END_EXPORT = Activity("end_export", VhdRequest, Operation)
CHECK_OPERATION = Activity("check_operation", OperationCheck, Progress)
CLOSE_LEDGER = Activity("close_ledger", RunRef, Leftovers)
START_DELETE = Activity("start_delete", DeleteRequest, Operation)
CHECK_RUN_OVER = Activity("check_run_over", DeleteTemplateRequest, Progress)
START_DELETE_GROUP = Activity("start_delete_group", DeleteTemplateRequest, Operation)
FORGET_TEMPLATE = Activity("forget_template", DeleteTemplateRequest, Nothing)


class PlannedRun(Message):
    """A run and its plan."""

    plan: Plan


class StagedRun(Message):
    """A run whose staging is ready."""

    plan: Plan
    storage: StagedStorage


class TargetRequest(Message):
    """One target of the plan, by its place in `plan.targets`; `captured` is what its capture made."""

    plan: Plan
    storage: StagedStorage
    index: int
    captured: RunOutput | None = None


class ReplicateRequest(Message):
    """One region to wait for, for `within` seconds at the most."""

    region: RegionRequest
    output: RunOutput
    within: float


BUILD_IMAGE = Orchestrator("build_image", BuildRequest, Nothing)
MAKE_IMAGE = Orchestrator("make_image", PlannedRun, Outcome)
STAGE_NETWORK = Orchestrator("stage_network", PlannedRun, Nothing)
STAGE_STORAGE = Orchestrator("stage_storage", PlannedRun, StagedStorage)
CUSTOMIZE = Orchestrator("customize", StagedRun, Nothing)
CAPTURE = Orchestrator("capture", TargetRequest, RunOutput)
DISTRIBUTE = Orchestrator("distribute", TargetRequest, RunOutput)
REPLICATE = Orchestrator("replicate", ReplicateRequest, Nothing)
CLEAN_UP = Orchestrator("clean_up", BuildRequest, CleanedUp)
DELETE_RESOURCE = Orchestrator("delete_resource", DeleteRequest, Nothing)
WAIT = Orchestrator("wait", WaitRequest, Progress)
DELETE_TEMPLATE = Orchestrator("delete_template", DeleteTemplateRequest, Nothing)
