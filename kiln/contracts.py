"""The one typed list of activities and orchestrators: name, input model, output model.

Orchestrators call by these tokens and activities implement them, so that neither imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from kiln.doctor.messages import AreaRequest, Examined, ExamineRequest, Found
from kiln.ids import RunRef, SubmissionRef
from kiln.messages import (
    ArtifactRequest,
    BuildRequest,
    ChosenVersion,
    CleanedUp,
    CloseRequest,
    DeleteRequest,
    DeletionFailure,
    Deletions,
    DistributeRequest,
    FinishReport,
    GalleryRequest,
    GroupRequest,
    ImageRequest,
    MachineRequest,
    NetworkRequest,
    Nothing,
    Operation,
    OperationCheck,
    OriginRequest,
    Outcome,
    OutputReport,
    PhaseReport,
    Progress,
    ProgressReport,
    ProvisionRequest,
    RegionRequest,
    ReplicationRequest,
    RestartRequest,
    RunTerms,
    ScriptRequest,
    StagedStorage,
    StageStorageRequest,
    StepsRequest,
    StepStarted,
    StopReport,
    StorageRequest,
    SubmissionReport,
    Submitted,
    TargetRequest,
    TemplateRequest,
    UpdateRequest,
    ValidateRequest,
    ValidationImageRequest,
    VersionRequest,
    VhdRequest,
    WaitRequest,
)
from kiln.planner.plan import Plan
from kiln.planner.staging import StagingSpec
from kiln.rebuild.messages import (
    Claim,
    ClaimRequest,
    DependentsRequest,
    DependentTriggers,
    Looked,
    RebuildReport,
    RebuildRequest,
    Rebuilt,
    SettleRequest,
    SourceVersion,
    VersionFacts,
    WatchedSource,
    WatchedSources,
    WatchRequest,
    WatchRound,
)
from kiln.runs.record import RunOutput
from kiln.sweep.messages import (
    FoundLeftovers,
    LostRun,
    LostRunClosing,
    LostRunFacts,
    SweepDone,
    SweepRequest,
    SweepRound,
)
from kiln.sweep.models import EndedRun

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


# Submission: a template's version on its way in.
CHECK_TEMPLATE = Activity("check_template", SubmissionRef, StagingSpec)
FINISH_SUBMISSION = Activity("finish_submission", SubmissionReport, Nothing)
BEGIN_AUTOMATIC_RUN = Activity("begin_automatic_run", SubmissionReport, Submitted)

# What a template stands on.
CREATE_GROUP = Activity("create_group", GroupRequest, Nothing)
START_SECURITY_GROUP = Activity("start_security_group", NetworkRequest, Operation)
START_NETWORK = Activity("start_network", NetworkRequest, Operation)
START_STORAGE = Activity("start_storage", StorageRequest, Operation)
CREATE_CONTAINERS = Activity("create_containers", StorageRequest, StagedStorage)
STAGE_ARTIFACT = Activity("stage_artifact", ArtifactRequest, Progress)

# The run and its record.
BEGIN_RUN = Activity("begin_run", ProgressReport, RunTerms)
MAKE_PLAN = Activity("make_plan", RunRef, Plan)
REPORT_PROGRESS = Activity("report_progress", ProgressReport, Nothing)
END_PHASE = Activity("end_phase", PhaseReport, Nothing)
REPORT_OUTPUT = Activity("report_output", OutputReport, Nothing)
REPORT_STOP = Activity("report_stop", StopReport, Nothing)
FINISH_RUN = Activity("finish_run", FinishReport, Nothing)

# Machines and what happens in them.
START_INTERFACE = Activity("start_interface", ProvisionRequest, Operation)
START_MACHINE = Activity("start_machine", ProvisionRequest, Operation)
START_STEP = Activity("start_step", ScriptRequest, StepStarted)
CHECK_STEP = Activity("check_step", ScriptRequest, Progress)
START_RESTART = Activity("start_restart", MachineRequest, Operation)
CHECK_RESTARTED = Activity("check_restarted", ScriptRequest, Progress)
CHECK_POWERED_OFF = Activity("check_powered_off", MachineRequest, Progress)
START_DEALLOCATE = Activity("start_deallocate", MachineRequest, Operation)
MARK_GENERALIZED = Activity("mark_generalized", MachineRequest, Nothing)

# The image that is validated.
START_VALIDATION_GALLERY = Activity("start_validation_gallery", ValidationImageRequest, Operation)
START_VALIDATION_DEFINITION = Activity("start_validation_definition", ValidationImageRequest, Operation)
START_VALIDATION_VERSION = Activity("start_validation_version", ValidationImageRequest, Operation)

# Images, by kind of target.
START_ORIGIN_DISK = Activity("start_origin_disk", OriginRequest, Operation)
CHOOSE_VERSION = Activity("choose_version", VersionRequest, ChosenVersion)
START_VERSION = Activity("start_version", GalleryRequest, Operation)
START_REPLICATION = Activity("start_replication", ReplicationRequest, Operation)
CHECK_REGION = Activity("check_region", RegionRequest, Progress)
START_SNAPSHOT = Activity("start_snapshot", ImageRequest, Operation)
START_SNAPSHOT_COPY = Activity("start_snapshot_copy", ImageRequest, Operation)
CHECK_SNAPSHOT_COPY = Activity("check_snapshot_copy", ImageRequest, Progress)
START_SPARE = Activity("start_spare", ImageRequest, Operation)
START_IMAGE = Activity("start_image", ImageRequest, Operation)
START_EXPORT = Activity("start_export", VhdRequest, VhdRequest)
CHECK_EXPORT = Activity("check_export", VhdRequest, Progress)
PLACE_VHD = Activity("place_vhd", VhdRequest, Nothing)
END_EXPORT = Activity("end_export", OriginRequest, Operation)

# Operations of Azure, and the end of things.
CHECK_OPERATION = Activity("check_operation", OperationCheck, Progress)
CLOSE_LEDGER = Activity("close_ledger", CloseRequest, Deletions)
START_DELETE = Activity("start_delete", DeleteRequest, Operation)
CHECK_IDLE = Activity("check_idle", TemplateRequest, Progress)
LIST_STAGED = Activity("list_staged", TemplateRequest, Deletions)
START_DELETE_GROUP = Activity("start_delete_group", TemplateRequest, Operation)
FORGET_TEMPLATE = Activity("forget_template", TemplateRequest, Nothing)
FAIL_DELETION = Activity("fail_deletion", DeletionFailure, Nothing)

# New source images, and what is built again because of them.
LIST_SOURCES = Activity("list_sources", WatchRound, WatchedSources)
LOOK_AT_SOURCE = Activity("look_at_source", WatchedSource, Looked)
LOOK_AT_VERSION = Activity("look_at_version", SourceVersion, VersionFacts)
LIST_DEPENDENTS = Activity("list_dependents", DependentsRequest, DependentTriggers)
CLAIM_REBUILD = Activity("claim_rebuild", ClaimRequest, Claim)
SETTLE_REBUILD = Activity("settle_rebuild", SettleRequest, Nothing)

# What nobody works on, and what is nobody's.
CLOSE_LOST_RUN = Activity("close_lost_run", LostRunClosing, LostRunFacts)
FIND_LEFTOVERS = Activity("find_leftovers", SweepRound, FoundLeftovers)
RECORD_SWEEP = Activity("record_sweep", SweepDone, Nothing)

# The doctor.
EXAMINE_AREA = Activity("examine_area", AreaRequest, Found)
KEEP_HEALTH = Activity("keep_health", Examined, Nothing)


SUBMIT_TEMPLATE = Orchestrator("submit_template", SubmissionRef, Nothing)
BUILD_IMAGE = Orchestrator("build_image", BuildRequest, Nothing)
MAKE_IMAGE = Orchestrator("make_image", BuildRequest, Outcome)
STAGE_NETWORK = Orchestrator("stage_network", NetworkRequest, Nothing)
STAGE_STORAGE = Orchestrator("stage_storage", StageStorageRequest, StagedStorage)
CUSTOMIZE = Orchestrator("customize", StepsRequest, Nothing)
OPTIMIZE = Orchestrator("optimize", StepsRequest, Nothing)
RESTART_MACHINE = Orchestrator("restart_machine", RestartRequest, Nothing)
UPDATE_WINDOWS = Orchestrator("update_windows", UpdateRequest, Nothing)
VALIDATE = Orchestrator("validate", ValidateRequest, Nothing)
CAPTURE = Orchestrator("capture", TargetRequest, RunOutput)
DISTRIBUTE = Orchestrator("distribute", DistributeRequest, RunOutput)
CLEAN_UP = Orchestrator("clean_up", CloseRequest, CleanedUp)
WAIT = Orchestrator("wait", WaitRequest, Progress)
DELETE_TEMPLATE = Orchestrator("delete_template", TemplateRequest, Nothing)
WATCH_SOURCES = Orchestrator("watch_sources", WatchRequest, Nothing)
REBUILD = Orchestrator("rebuild", SourceVersion, RebuildReport)
REBUILD_TEMPLATE = Orchestrator("rebuild_template", RebuildRequest, Rebuilt)
SWEEP = Orchestrator("sweep", SweepRequest, Nothing)
SWEEP_ROUND = Orchestrator("sweep_round", SweepRound, Nothing)
EXAMINE = Orchestrator("examine", ExamineRequest, Nothing)
END_LOST_RUN = Orchestrator("end_lost_run", LostRun, EndedRun)
