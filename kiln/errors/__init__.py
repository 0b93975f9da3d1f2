"""Every error that Kiln designs, and the one shape in which errors travel.

KilnError
├── RequestInvalid         the request cannot be read: api-version, names, JSON (400)
├── RequestTooLarge        the request's body is longer than is taken (413)
├── NotAuthenticated       the request has no good token (401)
├── NotAuthorized          its caller may not do that there (403)
├── Unavailable            what Kiln stands on does not answer now (503)
│   ├── SignInUnavailable  whoever publishes the keys of tokens
│   ├── StorageUnavailable  a storage account
│   └── TaskHubUnavailable  Durable Functions
├── DocumentUnreadable     a document of Kiln's own is not as this version writes it (500)
├── TemplateInvalid        the request body breaks the template language (400, all problems at once)
├── ResourceNotFound       nothing of that name (404)
├── OutOfReach             the template names what templates there may not (403, all of it at once)
├── Conflict               the resource's state forbids it (409)
│   └── BeingDeleted       the template is going away
├── PreconditionFailed     somebody else was faster (412)
└── BuildError             stops a build; travels through histories as an `ErrorDetail`
    ├── TemplateRefused    a submitted template does not fit what is in Azure (all problems at once)
    ├── SourceNotFound     the source image or version is not there, or cannot be built from
    ├── TargetNotFound     a gallery image definition is not there, or does not fit
    ├── VersionTaken       the gallery version exists and is another run's
    ├── ImageTaken         so it is with a managed image
    ├── VhdTaken           so it is with the blob where a VHD is to be
    ├── MadeByAnother      what is under an id is not what the run made
    ├── OnlyCopy           what is to be deleted stands in for an image that is not there
    ├── ArtifactUnavailable  a script or file cannot be fetched, or is not what its checksum says
    ├── AzureFailed        Azure refused a call or ended an operation as Failed
    │   └── AzureNotFound  the resource that the call needs is not there
    ├── CustomizerFailed   a script ended with an exit code that does not count as success
    │   └── ValidatorFailed  and it was a validator's
    ├── GeneralizeFailed   the machine did not deprovision and power off
    ├── DeadlineExceeded   the time that the plan gives is over
    ├── RunCanceled        somebody asked for it
    ├── Superseded         a newer version of the template was submitted, or the template is going
    ├── RunLost            a run's orchestration ended without a word to its record
    └── InternalFailure    a fault in Kiln or its host, after every retry
        └── StateUnreadable  a document of Kiln's own cannot be read, which no retry changes

It knows nothing of HTTP, durable or Azure's clients: those translate at their own edge.
"""

from kiln.errors.base import ErrorDetail, KilnError
from kiln.errors.builds import (
    PROVISIONING_CODES,
    ArtifactUnavailable,
    AzureFailed,
    AzureNotFound,
    BuildError,
    CustomizerFailed,
    DeadlineExceeded,
    GeneralizeFailed,
    ImageTaken,
    InternalFailure,
    MadeByAnother,
    OnlyCopy,
    RunCanceled,
    RunLost,
    SourceNotFound,
    StateUnreadable,
    Superseded,
    TargetNotFound,
    TemplateRefused,
    ValidatorFailed,
    VersionTaken,
    VhdTaken,
    provisioning_code,
)
from kiln.errors.requests import (
    BeingDeleted,
    Conflict,
    DocumentUnreadable,
    NotAuthenticated,
    NotAuthorized,
    OutOfReach,
    PreconditionFailed,
    Problem,
    RequestInvalid,
    RequestTooLarge,
    ResourceNotFound,
    SignInUnavailable,
    StorageUnavailable,
    TaskHubUnavailable,
    TemplateInvalid,
    Unavailable,
)

__all__ = [
    "PROVISIONING_CODES",
    "ArtifactUnavailable",
    "AzureFailed",
    "AzureNotFound",
    "BeingDeleted",
    "BuildError",
    "Conflict",
    "CustomizerFailed",
    "DeadlineExceeded",
    "DocumentUnreadable",
    "ErrorDetail",
    "GeneralizeFailed",
    "ImageTaken",
    "InternalFailure",
    "KilnError",
    "MadeByAnother",
    "NotAuthenticated",
    "NotAuthorized",
    "OnlyCopy",
    "OutOfReach",
    "PreconditionFailed",
    "Problem",
    "RequestInvalid",
    "RequestTooLarge",
    "ResourceNotFound",
    "RunCanceled",
    "RunLost",
    "SignInUnavailable",
    "SourceNotFound",
    "StateUnreadable",
    "StorageUnavailable",
    "Superseded",
    "TargetNotFound",
    "TaskHubUnavailable",
    "TemplateInvalid",
    "TemplateRefused",
    "Unavailable",
    "ValidatorFailed",
    "VersionTaken",
    "VhdTaken",
    "provisioning_code",
]
