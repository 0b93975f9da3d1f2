"""What activities and orchestrators say to each other of templates, runs and images: a request and a result for each.

What they say of rebuilds, sweeps and examinations is in kiln.rebuild, kiln.sweep and kiln.doctor. All of it ends up in
durable histories, which are public: no message ever carries a secret.
"""

from kiln.messages.base import Listener, Message, Nothing, Operation, OperationCheck, Progress, WaitRequest
from kiln.messages.images import (
    ChosenVersion,
    GalleryRequest,
    ImageRequest,
    OriginRequest,
    OutputReport,
    RegionRequest,
    ValidationImageRequest,
    VersionRequest,
    VhdRequest,
)
from kiln.messages.machines import MachineRequest, StepRequest, StepStarted
from kiln.messages.runs import (
    CANCEL,
    BuildRequest,
    CleanedUp,
    CloseRequest,
    DeleteRequest,
    Deletions,
    FinishReport,
    Outcome,
    PhaseReport,
    ProgressReport,
    RunTerms,
    StopReport,
)
from kiln.messages.staging import (
    ArtifactRequest,
    DeletionFailure,
    GroupRequest,
    NetworkRequest,
    StagedStorage,
    StagingRequest,
    StorageRequest,
    SubmissionReport,
    Submitted,
    TemplateRequest,
)

__all__ = [
    "CANCEL",
    "ArtifactRequest",
    "BuildRequest",
    "ChosenVersion",
    "CleanedUp",
    "CloseRequest",
    "DeleteRequest",
    "DeletionFailure",
    "Deletions",
    "FinishReport",
    "GalleryRequest",
    "GroupRequest",
    "ImageRequest",
    "Listener",
    "MachineRequest",
    "Message",
    "NetworkRequest",
    "Nothing",
    "Operation",
    "OperationCheck",
    "OriginRequest",
    "Outcome",
    "OutputReport",
    "PhaseReport",
    "Progress",
    "ProgressReport",
    "RegionRequest",
    "RunTerms",
    "StagedStorage",
    "StagingRequest",
    "StepRequest",
    "StepStarted",
    "StopReport",
    "StorageRequest",
    "SubmissionReport",
    "Submitted",
    "TemplateRequest",
    "ValidationImageRequest",
    "VersionRequest",
    "VhdRequest",
    "WaitRequest",
]
